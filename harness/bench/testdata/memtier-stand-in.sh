#!/bin/sh
# Stands in for memtier_benchmark: writes what it was asked to its JSON file, in memtier's format,
# beside the figures of one run. WITHOUT: a key that is left out of it.
words="$*"
while [ $# -gt 1 ]; do
  [ "$1" = --json-out-file ] && out=$2
  shift
done
sed "s|COMMAND|$words|; /${WITHOUT:-nothing is left out}/d" "$(dirname "$0")/memtier.json" > "$out"
echo "ALL STATS"
