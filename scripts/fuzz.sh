#!/usr/bin/env bash
# Runs every fuzz target, each for a while, and prints a line for each.
#
#   FUZZTIME=10m    how long each of them runs
#   FUZZPROCS=1     workers of one target
#   FUZZJOBS=N      targets at once; by default one for each processor
#   FUZZLOGS=DIR    keeps what go test printed there
#   scripts/fuzz.sh [pattern of package/Target]     default: all of them
#
# What a target finds is written below testdata/fuzz of its package, where every
# later run of the tests meets it again.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_go

logs=${FUZZLOGS:-}
if [ -z "$logs" ]; then
	logs=$(mktemp -d)
	trap 'rm -rf "$logs"' EXIT
fi
mkdir -p "$logs"
export FUZZTIME="${FUZZTIME:-10m}" FUZZPROCS="${FUZZPROCS:-1}" FUZZLOGS="$logs"

# targets prints a package and a target of it on each line.
targets() {
	go test -list '^Fuzz' ./... | awk '
		/^Fuzz/ { names[n++] = $1; next }
		$1 == "ok" { for (i = 0; i < n; i++) print $2, names[i] }
		{ n = 0 }'
}

# one PACKAGE TARGET fuzzes one of them and prints its line.
one() {
	local package=$1 target=$2 log line found='none' status=0
	log="$FUZZLOGS/$(basename "$package").$target.log"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 2s -parallel "$FUZZPROCS" "$package" >"$log" 2>&1 || status=$?
	line=$(grep -E '^fuzz: elapsed: .*execs: ' "$log" | tail -n 1) || true
	if [ "$status" != 0 ]; then
		found=$(grep -oE 'testdata/fuzz/[^ ]+' "$log" | sort -u | head -n 1) || true
		found=${found:-"see below"}
	fi
	printf '%-28s %-22s %12s execs %6s new  %9s  findings: %s\n' "${package#github.com/identikit/identikit/}" "$target" \
		"$(sed -nE 's/.*execs: ([0-9]+).*/\1/p' <<<"$line")" "$(sed -nE 's/.*new interesting: ([0-9]+).*/\1/p' <<<"$line")" \
		"$(sed -nE 's/.*elapsed: ([^,]+),.*/\1/p' <<<"$line")" "$found"
	[ "$status" = 0 ] || { grep -v '^fuzz: elapsed' "$log" | head -n 60; return 1; }
}

if [ "${1:-}" = --one ]; then
	one "$2" "$3"
	exit
fi
all=$(targets | grep -E "${1:-.}") || die "there is no such target"
say "$(wc -l <<<"$all" | tr -d ' ') targets, $FUZZTIME each"
jobs=${FUZZJOBS:-$(go env GOMAXPROCS)}
[ -n "$jobs" ] || jobs=$(getconf _NPROCESSORS_ONLN)
xargs -n 2 -P "$jobs" "$0" --one <<<"$all" || die "a target found something, see above; what it sent is in testdata/fuzz"
