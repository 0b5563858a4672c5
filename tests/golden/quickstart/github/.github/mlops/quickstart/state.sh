#!/bin/sh
# The pipeline's memory between runs: a branch of this repository that holds nothing else.
#   state.sh fetch STORE BRANCH               puts what the branch holds into the store; nothing on the first run
#   state.sh push STORE BRANCH TEXT PATH...   adds the files under these paths of the store to the branch
# Files of the registry are written once. One that somebody else has written meanwhile, and differently, is refused.
set -eu

action=$1 branch=$3
mkdir -p "$2"
store=$(cd "$2" && pwd)
url=$(git remote get-url origin)
if [ -n "${GITHUB_TOKEN:-}" ]; then
  # In the environment and not in an argument, which other processes could read.
  basic=$(printf 'x-access-token:%s' "$GITHUB_TOKEN" | base64 | tr -d '\n')
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.${GITHUB_SERVER_URL:-https://github.com}/.extraheader"
  export GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $basic"
fi
export GIT_DIR="$RUNNER_TEMP/mlops-state.git" GIT_WORK_TREE="$store"
export GIT_AUTHOR_NAME=mlops GIT_AUTHOR_EMAIL=mlops@users.noreply.github.com
export GIT_COMMITTER_NAME=mlops GIT_COMMITTER_EMAIL=mlops@users.noreply.github.com
[ -d "$GIT_DIR" ] || git init -q

latest() { # the branch as it is now, as FETCH_HEAD; false where there is none yet
  found=0
  git ls-remote --exit-code "$url" "refs/heads/$branch" >/dev/null || found=$?
  [ "$found" -ne 2 ] || return 1
  [ "$found" -eq 0 ] || exit "$found"
  git fetch -q --depth=1 "$url" "refs/heads/$branch"
}

if [ "$action" = fetch ]; then
  if latest; then
    git read-tree FETCH_HEAD
    git checkout-index -q --all --force
  fi
  exit 0
fi

text=$4
shift 4
for wait in 1 2 4 8 0; do
  if latest; then parent=FETCH_HEAD; else parent=; fi
  git read-tree "${parent:---empty}"
  case $1 in runs/*) git rm -r -q --cached --ignore-unmatch -- runs ;; esac # of these the latest is enough
  git -C "$store" add --force --ignore-removal -- "$@"
  if [ -n "$parent" ]; then
    clash=$(git diff-index --cached --name-only --diff-filter=M "$parent")
    [ -z "$clash" ] || { echo "::error::written by another run meanwhile: $clash"; exit 1; }
    ! git diff-index --cached --quiet "$parent" || exit 0
  fi
  commit=$(git commit-tree "$(git write-tree)" ${parent:+-p "$parent"} -m "$text")
  if git push -q "$url" "$commit:refs/heads/$branch"; then exit 0; fi
  sleep "$wait"
done
echo "::error::the branch $branch could not be moved, so that this run is not remembered"
exit 1
