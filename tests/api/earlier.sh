#!/bin/sh
# A program compiled with an earlier header behaves with this library as when compiled with today's.
# usage: earlier.sh EARLIER-PROGRAM NEW-PROGRAM
# SPDX-License-Identifier: MIT
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/a" "$folder/b"
"$1" "$folder/a" >"$folder/earlier" || { cat "$folder/earlier"; exit 1; }
"$2" "$folder/b" >"$folder/new" || { cat "$folder/new"; exit 1; }
cat "$folder/earlier"
cmp "$folder/earlier" "$folder/new"
grep -q '^features: ' "$folder/new"
! grep 'has a user' "$folder/new"
