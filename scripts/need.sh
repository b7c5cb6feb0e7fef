# Finds what the tests need besides Go, and installs it with apt where that is
# allowed. Read by the other scripts; bash 3.2 (macOS) is enough.

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# may_install: is there apt, and are we root or allowed to become it unasked?
may_install() {
	have apt-get || return 1
	[ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }
}

# install PACKAGE…: quietly; what apt says is shown only when it fails.
install() {
	local root='' log
	[ "$(id -u)" = 0 ] || root='sudo -n'
	log=$(mktemp)
	say "installing $* …"
	if $root apt-get update >"$log" 2>&1 &&
		$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	tail -n 5 "$log" >&2
	rm -f "$log"
	return 1
}

need_go() {
	have go || die "Go is missing: install Go $(sed -n 's/^go //p' go.mod) or newer from https://go.dev/dl"
}

# need_cc: on Linux the race detector is linked by a C compiler.
need_cc() {
	[ "$(uname)" = Linux ] || return 0
	have "$(go env CC)" && return 0
	may_install && install gcc libc6-dev && have "$(go env CC)" && return 0
	die "a C compiler is missing (the race detector needs one): install gcc"
}

# find_postgres prints the newest folder that holds the server's programs.
find_postgres() {
	local dir
	for dir in "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" \
		$(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV) \
		$(ls -d /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin 2>/dev/null | sort -r) \
		/Applications/Postgres.app/Contents/Versions/latest/bin; do
		if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/postgres" ]; then
			printf '%s\n' "$dir"
			return 0
		fi
	done
	return 1
}

need_postgres() {
	find_postgres && return 0
	may_install && install postgresql && find_postgres && return 0
	die "PostgreSQL's server is missing: install it (apt install postgresql, brew install postgresql) or set IDENTIKIT_TEST_POSTGRES"
}

# is_browser PROGRAM: some distributions put a script there that only says
# where to get the browser; a real one prints its version.
is_browser() {
	have "$1" && "$1" --version 2>/dev/null | grep -Eq '[0-9]+\.[0-9]+\.[0-9]+'
}

find_chromium() {
	local program
	for program in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
		"/Applications/Chromium.app/Contents/MacOS/Chromium" \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		if [ -n "$program" ] && is_browser "$program"; then
			command -v "$program"
			return 0
		fi
	done
	return 1
}

# apt_chromium: does apt have the browser itself, not a pointer to a snap?
apt_chromium() {
	LC_ALL=C apt-cache policy chromium 2>/dev/null | grep -E '^ *Candidate:' | grep -Evq 'snap|\(none\)'
}

need_chromium() {
	[ -z "${CHROMIUM:-}" ] || is_browser "$CHROMIUM" || die "CHROMIUM=$CHROMIUM is not a browser that runs"
	find_chromium && return 0
	may_install && { apt_chromium || { $([ "$(id -u)" = 0 ] || echo sudo -n) apt-get update >/dev/null 2>&1 && apt_chromium; }; } &&
		install chromium && find_chromium && return 0
	die "Chromium is missing: install chromium or google-chrome, or name one by CHROMIUM=/path/to/it"
}

# need_pdfsig: a reader of PDF files that is not ours judges our signatures.
need_pdfsig() {
	have pdfsig && return 0
	may_install && install poppler-utils && have pdfsig && return 0
	die "pdfsig is missing: install poppler-utils (apt install poppler-utils, brew install poppler)"
}

# is_openssl: macOS has another program of that name, which knows no CAdES.
is_openssl() {
	have openssl && openssl version 2>/dev/null | grep -Eq '^OpenSSL ([3-9]|[1-9][0-9])\.'
}

# need_openssl: it judges our signatures, too, and makes those of the tests.
need_openssl() {
	is_openssl && return 0
	may_install && install openssl && is_openssl && return 0
	die "OpenSSL 3 is missing: install it and put it first in PATH (apt install openssl, brew install openssl)"
}
