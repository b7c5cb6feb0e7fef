#!/usr/bin/env bash
# Writes docs/coverage.md: runs the tests that name rows of the guides' tables, on
# both databases, and notes which rows each of them proved.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_go

files=$(grep -rl --include='*_test.go' 'coverage\.Of(t)' .)
tests=$(awk '/^func Test/ { sub(/\(.*/, "", $2); name = $2 } /coverage\.Of\(t\)/ { print name }' $files | sort -u | paste -s -d '|' -)
packages=$(for file in $files; do dirname "$file"; done | sort -u)

events=$(mktemp)
trap 'rm -f "$events"' EXIT
# Which tests failed, the events say.
scripts/test.sh -race=false -json -run "^($tests)\$" $packages -args -coverage.record >"$events" || say 'not every test passed'
go run ./internal/testkit/coveragepage <"$events"
