#!/usr/bin/env bash
# Identifies a customer by video, from the access token to the signed webhook
# and the downloaded report, with nothing but curl.
#
#   examples/quickstart.sh [--manual] [--ready-file PATH]
#
#   --manual       you are the customer: the script prints the page to open
#   --ready-file   the ready file of a sandbox that runs already, such as
#                  identikit-data/ready.json; without it one is started, in a
#                  temporary folder on free ports, and stopped in the end
#
# IDENTIKIT and RECEIVER name programs that are built already.
set -euo pipefail

manual='' ready=''
while [ $# -gt 0 ]; do
	case $1 in
	--manual) manual=yes ;;
	--ready-file) [ $# -gt 1 ] || { echo "--ready-file needs a path" >&2; exit 2; }; ready=$2; shift ;;
	-h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) echo "quickstart: I do not know $1 (try --help)" >&2; exit 2 ;;
	esac
	shift
done

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/identikit-quickstart.XXXXXX")
jobs=()

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() {
	printf 'quickstart: %s\n' "$*" >&2
	exit 1
}

finish() {
	local status=$?
	trap - EXIT
	[ "$status" = 0 ] || cat "$tmp"/*.err >&2 2>/dev/null || true
	for job in ${jobs[@]+"${jobs[@]}"}; do
		kill "$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
	done
	rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND… runs a server until the script ends; when it serves, it
# writes the file $tmp/NAME.ready.
start() {
	local name=$1 tries
	shift
	"$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
	jobs+=($!)
	for tries in $(seq 300); do
		[ ! -s "$tmp/$name.ready" ] || return 0
		kill -0 "${jobs[${#jobs[@]}-1]}" 2>/dev/null || die "the $name did not start"
		sleep 0.1
	done
	die "the $name was not ready within 30 seconds"
}

# text KEY prints the first text of that key in the JSON it reads. A partner's
# program would use a JSON library; this script needs none.
text() { grep -o "\"$1\": *\"[^\"]*\"" | sed -n '1s/.*: *"\(.*\)"$/\1/p'; }

command -v curl >/dev/null || die "curl is missing"

if [ -z "$ready" ]; then
	[ -n "${IDENTIKIT:-}" ] || { say "building identikit …"; (cd "$here/.." && go build -o "$tmp/identikit" ./cmd/identikit); }
	ready=$tmp/sandbox.ready
	start sandbox "${IDENTIKIT:-$tmp/identikit}" sandbox --addr 127.0.0.1:0 --data "$tmp/data" --ready-file "$ready"
fi
[ -r "$ready" ] || die "there is no ready file $ready; does the sandbox run?"
API=$(text api_url <"$ready") SANDBOX=$(text sandbox_url <"$ready")
CLIENT_ID=$(text client_id <"$ready") CLIENT_SECRET=$(text client_secret <"$ready") CA=$(sed -n 's/^  "ca_file": "\(.*\)".*/\1/p' "$ready")

# api METHOD PATH [JSON] calls the API and prints its answer; an error is the end.
api() {
	local status
	set -- "$1" "$2" ${3+-H 'Content-Type: application/json' -d "$3"}
	status=$(curl -sS ${CA:+--cacert "$CA"} -o "$tmp/answer" -w '%{http_code}' -X "$1" -H "Authorization: Bearer ${TOKEN:-}" "${@:3}" "$API$2") ||
		die "$1 $2: no answer"
	case $status in
	2??) cat "$tmp/answer" ;;
	*) die "$1 $2: $status $(cat "$tmp/answer")" ;;
	esac
}

say "1  An access token, good for one hour"
TOKEN=$(curl -sSf ${CA:+--cacert "$CA"} -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials -d scope=partners "$API/oauth2/token" | text access_token) ||
	die "no access token"
echo "   ${TOKEN:0:6}…"

say "2  A webhook subscription, so that nobody has to poll"
[ -n "${RECEIVER:-}" ] || (cd "$here/.." && go build -o "$tmp/webhook-receiver" ./examples/webhook-receiver)
start receiver "${RECEIVER:-$tmp/webhook-receiver}" --addr 127.0.0.1:0 --secret-file "$tmp/secret" --ready-file "$tmp/receiver.ready"
subscription=$(api POST /v1/webhooks "{\"event_type\":\"IDENTIFICATION\",\"url\":\"$(cat "$tmp/receiver.ready")\"}")
(umask 077 && text secret <<<"$subscription" >"$tmp/secret") || die "the subscription has no secret"
WEBHOOK=$(text id <<<"$subscription")
echo "   $WEBHOOK"

say "3  A person"
first_name=X-AUTOTEST-HAPPYPATH
[ -z "$manual" ] || first_name=X-MANUALTEST-HAPPYPATH
PERSON=$(api POST /v1/persons "{\"first_name\":\"$first_name\",\"last_name\":\"Muster\"}" | text id)
echo "   $PERSON ($first_name)"

say "4  An identification"
IDENT=$(api POST "/v1/persons/$PERSON/identifications" '{"method":"idnow"}' | text id)
echo "   $IDENT"

say "5  Request it: from now on the customer can be identified"
requested=$(api PATCH "/v1/persons/$PERSON/identifications/$IDENT/request")
[ "$(text status <<<"$requested")" = pending ] || die "it should be pending: $requested"
echo "   $(text url <<<"$requested")"
if [ -n "$manual" ]; then
	echo "   Open this page. Mobile number: anything that starts with 0. Ident code: 123456."
	read -r -p "   Press Enter here when the page says that you are done: " _
fi

say "6  Five minutes pass: the call and its review"
curl -sSf ${CA:+--cacert "$CA"} -H 'Content-Type: application/json' -d '{"advance":"5m"}' "$SANDBOX/clock" >"$tmp/clock" || die "the clock did not move"
echo "   it is $(text now <"$tmp/clock")"

say "7  The result, with its documents"
result=$(api GET "/v1/persons/$PERSON/identifications/$IDENT?include_documents=true")
status=$(text status <<<"$result")
[ "$status" = successful ] || die "the identification should be successful, and is $status"
echo "   $status at $(text completed_at <<<"$result")"
tr '{}' '\n\n' <<<"${result#*\"documents\":}" >"$tmp/documents" # one document a line
grep -o '"document_type":"[^"]*"' "$tmp/documents" | sed 's/.*:"\(.*\)"/   \1/' | sort | uniq -c

say "8  The report"
DOCUMENT=$(grep '"document_type":"KYC_REPORT"' "$tmp/documents" | text id) || die "there is no KYC_REPORT: $result"
curl -sSf ${CA:+--cacert "$CA"} -H "Authorization: Bearer $TOKEN" -o "$tmp/kyc_report.pdf" "$API/v1/persons/$PERSON/documents/$DOCUMENT/file" ||
	die "the report cannot be downloaded"
[ "$(head -c 5 "$tmp/kyc_report.pdf")" = %PDF- ] || die "the report is no PDF"
echo "   kyc_report.pdf, $(wc -c <"$tmp/kyc_report.pdf" | tr -d ' ') bytes"

say "9  What the webhook receiver saw"
sed 's/^/   /' "$tmp/receiver.out"
seen=$(grep "^good IDENTIFICATION" "$tmp/receiver.out" | grep "$IDENT" | while read -r line; do text status <<<"$line"; done | tr '\n' ' ')
[ "$seen" = 'created pending successful ' ] || die "the receiver should have seen: created pending successful. It saw: $seen"
! grep '^bad' "$tmp/receiver.out" || die "a signature was wrong"

api DELETE "/v1/webhooks/$WEBHOOK"
say "Everything is as it should be: identified, reported, and every signature was good."
