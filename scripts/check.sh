#!/usr/bin/env bash
# What must hold before a change is shown to anybody, besides the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_go

say 'format'
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || die "not formatted (run gofmt -w): "$unformatted

say 'vet'
go vet ./...

say 'staticcheck'
go tool staticcheck ./...

say 'generated files'
# In a copy, so that the check changes nothing and needs no clean tree.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/tree"
tar -cf - --exclude=./.git --exclude=./bin . | tar -xf - -C "$copy/tree"
sums() { (cd "$copy/tree" && find . -type f -exec cksum {} + | LC_ALL=C sort -k 3); }
sums >"$copy/before"
(cd "$copy/tree" && go generate ./...)
sums >"$copy/after"
stale=$(diff "$copy/before" "$copy/after" | sed -n 's/^[<>] [0-9]* [0-9]* //p' | sort -u) || true
[ -z "$stale" ] || die "not fresh (run make generate): "$stale

say 'import rules'
go test ./internal/archtest
