#!/bin/sh
# split.sh TABLE EVERY LEARNING HOLDOUT: sets every nth row of a table aside, so that the model is judged by it.
set -eu
table=$1 every=$2 learning=$3 holdout=$4

head -n 1 "$table" | tee "$learning" >"$holdout"
tail -n +2 "$table" | awk -v n="$every" -v learning="$learning" -v holdout="$holdout" '
  { print >> (NR % n == 0 ? holdout : learning) }
'
echo "learning: $(($(wc -l <"$learning") - 1)) rows, holdout: $(($(wc -l <"$holdout") - 1)) rows"
