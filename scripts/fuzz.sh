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

# seconds DURATION, like 10m or 1m30s
seconds() {
	awk -v d="$1" 'BEGIN {
		while (match(d, /^[0-9.]+[hms]/)) {
			unit = substr(d, RLENGTH, 1); n = substr(d, 1, RLENGTH - 1)
			all += n * (unit == "h" ? 3600 : unit == "m" ? 60 : 1); d = substr(d, RLENGTH + 1)
		}
		print int(all)
	}'
}

# hung LOG PACKAGE TARGET: was the worker only kept waiting? Go gives up a worker
# whose input takes ten seconds, and on a machine that is busy or was suspended any
# may. It is no finding if the same input is done with in time alone.
hung() {
	local input
	grep -q 'fuzzing process hung or terminated unexpectedly' "$1" || return 1
	input=$(grep -oE 'testdata/fuzz/[^ ]+' "$1" | sort -u | head -n 1)
	[ -n "$input" ] && go test -timeout 60s -run "$3/$(basename "$input")\$" "$2" >>"$1" 2>&1 || return 1
	rm -f "$(go list -f '{{.Dir}}' "$2")/$input"
}

# one PACKAGE TARGET fuzzes one of them and prints its line.
one() {
	local package=$1 target=$2 log found='none' status=0 execs=0 new=0 ran=0 whole left line
	whole=$(seconds "$FUZZTIME") left=$whole
	log="$FUZZLOGS/$(basename "$package").$target.log"
	while [ "$left" -gt 0 ]; do
		status=0
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${left}s" -fuzzminimizetime 2s -parallel "$FUZZPROCS" "$package" >"$log" 2>&1 || status=$?
		line=$(grep -E '^fuzz: elapsed: .*execs: ' "$log" | tail -n 1) || true
		execs=$((execs + $(sed -nE 's/.*execs: ([0-9]+).*/\1/p' <<<"${line:-execs: 0}")))
		new=$((new + $(sed -nE 's/.*new interesting: ([0-9]+).*/\1/p' <<<"${line:-new interesting: 0}")))
		ran=$((ran + $(seconds "$(sed -nE 's/.*elapsed: ([^,]+),.*/\1/p' <<<"${line:-elapsed: 0s,}")")))
		[ "$status" != 0 ] && hung "$log" "$package" "$target" || break
		status=0 left=$((whole - ran))
	done
	if [ "$status" != 0 ]; then
		found=$(grep -oE 'testdata/fuzz/[^ ]+' "$log" | sort -u | head -n 1) || true
		found=${found:-"see below"}
	fi
	printf '%-24s %-20s %10d execs %5d new %6d s  findings: %s\n' "${package#github.com/identikit/identikit/}" "$target" "$execs" "$new" "$ran" "$found"
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
