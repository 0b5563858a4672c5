#!/bin/sh
# Installs what the engines' tests need from the system: PostgreSQL, podman, and an image with Python in which pods run.
# Needs root and Debian. Done once; a second run finds everything there and ends in a second.
set -eu

packages="postgresql podman runc catatonit containernetworking-plugins debootstrap python3 openssl"
image="localhost/mlopsc-python:1"
suite="bookworm"
duckdb="duckdb==1.3.2"

if [ "$(id -u)" != 0 ]; then
  echo "tests/engines/system.sh: needs root (sudo make system)" >&2
  exit 2
fi
if ! command -v apt-get >/dev/null; then
  echo "tests/engines/system.sh: knows Debian only; install podman and build $image by hand" >&2
  exit 2
fi

# Debian keeps what makes virtual environments in a package of its own.
python3 -c 'import ensurepip' 2>/dev/null || packages="$packages python3-venv"

missing=""
for package in $packages; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  # shellcheck disable=SC2086 # a list of packages
  apt-get install -q -y --no-install-recommends $missing
fi

# Defaults that work inside a container too, where no network namespace and no systemd are to be had.
# What a machine already has is left as it is.
mkdir -p /etc/containers
[ -e /etc/containers/containers.conf ] || cat >/etc/containers/containers.conf <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
CONF
[ -e /etc/containers/policy.json ] || echo '{"default":[{"type":"insecureAcceptAnything"}]}' >/etc/containers/policy.json

if ! podman image exists "$image"; then
  root="$(mktemp -d)"
  trap 'rm -rf "$root" "$root.venv"' EXIT
  debootstrap --variant=minbase --include=python3 "$suite" "$root"
  # Table guards need DuckDB, as a real pipeline's image has it.
  python3 -m venv "$root.venv"
  "$root.venv/bin/pip" install -q --disable-pip-version-check --python-version 3.11 --only-binary :all: \
    --target "$root/usr/lib/python3/dist-packages" "$duckdb"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
  ln -sf python3 "$root/usr/bin/python"
  tar -C "$root" -c . | podman import --change 'ENV PATH=/usr/bin:/bin' - "$image"
fi
podman image exists "$image"
