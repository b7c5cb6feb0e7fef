#!/usr/bin/env bash
# Runs the tests on both databases with the race detector.
#
#   scripts/test.sh [arguments of go test]     default: ./...
#
# A PostgreSQL named by IDENTIKIT_TEST_POSTGRES is used; otherwise one is
# started for this run alone, and is gone afterwards however the run ends.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh

home='' bin='' owner='' tests=''

# as_owner runs a program of PostgreSQL, which refuses to run as root.
as_owner() {
	if [ -z "$owner" ]; then
		(cd "$home" && "$@")
	elif have runuser; then
		(cd "$home" && runuser -u "$owner" -- "$@")
	else
		(cd "$home" && su -s /bin/sh "$owner" -c "$(printf '%q ' "$@")")
	fi
}

# stop_tests interrupts the run, which lets go remove its own temporary files;
# what has not ended ten seconds later is killed.
stop_tests() {
	local i
	kill -INT -- "-$tests" 2>/dev/null || return 0
	for i in $(seq 100); do
		kill -0 -- "-$tests" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL -- "-$tests" 2>/dev/null || true
}

finish() {
	local status=$?
	trap '' INT TERM HUP
	trap - EXIT
	[ -z "$tests" ] || stop_tests
	if [ -n "$home" ]; then
		[ ! -e "$home/data/postmaster.pid" ] || as_owner "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
		rm -rf "$home"
	fi
	exit "$status"
}

# start_postgres leaves IDENTIKIT_TEST_POSTGRES set. Nobody asks beforehand
# whether a port is free: the server that could not bind it tries another.
start_postgres() {
	local port try temp="${TMPDIR:-/tmp}"
	if [ "$(id -u)" = 0 ]; then
		owner=nobody temp=/tmp
		! id postgres >/dev/null 2>&1 || owner=postgres
	fi
	home=$(mktemp -d "${temp%/}/identikit-pg.XXXXXX")
	[ -z "$owner" ] || chown "$owner" "$home"
	as_owner "$bin/initdb" -D "$home/data" -U identikit -A trust -E UTF8 --locale=C --no-sync >"$home/log" 2>&1 ||
		{ cat "$home/log" >&2; die "initdb failed"; }
	# Nothing here outlives the run, so nothing waits for the disk.
	printf '%s\n' "listen_addresses = '127.0.0.1'" "unix_socket_directories = '$home'" \
		'max_connections = 300' 'fsync = off' 'synchronous_commit = off' 'full_page_writes = off' |
		as_owner tee -a "$home/data/postgresql.conf" >/dev/null
	for try in 1 2 3 4 5 6 7 8 9 10; do
		port=$((20000 + RANDOM % 12000)) # below the range that port 0 is taken from
		if as_owner "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -o "-p $port" -w -t 60 start >/dev/null 2>&1; then
			export IDENTIKIT_TEST_POSTGRES="postgres://identikit@127.0.0.1:$port/postgres?sslmode=disable"
			return 0
		fi
		grep -q 'could not bind' "$home/server.log" || break
	done
	tail -n 20 "$home/server.log" >&2
	die "the throw-away PostgreSQL did not start"
}

trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

need_go
need_cc
CHROMIUM=$(need_chromium)
export CHROMIUM
need_pdfsig
need_openssl
if [ -z "${IDENTIKIT_TEST_POSTGRES:-}" ]; then
	bin=$(need_postgres)
	start_postgres
fi

[ $# -gt 0 ] || set -- ./...
# In a process group of its own, so that stopping the run stops every test.
set -m
go test -race -timeout 20m "$@" </dev/null &
tests=$!
set +m
wait "$tests" && status=0 || status=$?
tests=''
exit "$status"
