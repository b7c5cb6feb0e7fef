#!/bin/sh
# Identifies a customer by bank login and signs the report on it electronically
# (method bank, "Bankident"): from the access token to the signed PDF, with
# nothing but curl.
#
#   examples/bankident.sh [--manual] [--ready-file PATH] [--keep DIR]
#
#   --manual       you are the customer: the script prints the page to open
#   --ready-file   the ready file of a sandbox that runs already, such as
#                  identikit-data/ready.json; without it one is started, in a
#                  temporary folder on free ports, and stopped in the end
#   --keep         a folder for the two PDF files; without it they are only looked at
#
# What happens is told on standard error; standard output is the identification
# as it is in the end, JSON. IDENTIKIT names a program that is built already.
set -eu

manual='' ready='' keep=''
while [ $# -gt 0 ]; do
	case $1 in
	--manual) manual=yes ;;
	--ready-file | --keep)
		[ $# -gt 1 ] || { echo "$1 needs a path" >&2; exit 2; }
		if [ "$1" = --keep ]; then keep=$2; else ready=$2; fi
		shift
		;;
	-h | --help) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) echo "bankident: I do not know $1 (try --help)" >&2; exit 2 ;;
	esac
	shift
done

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/identikit-bankident.XXXXXX")
sandbox=''

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
tell() { printf '   %s\n' "$*" >&2; }
die() {
	printf 'bankident: %s\n' "$*" >&2
	exit 1
}

finish() {
	status=$?
	trap - EXIT
	[ "$status" = 0 ] || cat "$tmp/sandbox.err" >&2 2>/dev/null || true
	if [ -n "$sandbox" ]; then
		kill "$sandbox" 2>/dev/null || true
		wait "$sandbox" 2>/dev/null || true
	fi
	rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# text KEY prints the first text of that key in the JSON it reads. A partner's
# program would use a JSON library; this script needs none.
text() { grep -o "\"$1\": *\"[^\"]*\"" | sed -n '1s/.*: *"\(.*\)"$/\1/p'; }

# inside NAME prints what stands below that name in the ready file.
inside() { sed -n "/\"$1\": {/,/}/p" "$ready"; }

command -v curl >/dev/null || die "curl is missing"

if [ -z "$ready" ]; then
	[ -n "${IDENTIKIT:-}" ] || { say "building identikit …"; (cd "$here/.." && go build -o "$tmp/identikit" ./cmd/identikit); }
	ready=$tmp/ready.json
	"${IDENTIKIT:-$tmp/identikit}" sandbox --addr 127.0.0.1:0 --data "$tmp/data" --ready-file "$ready" >"$tmp/sandbox.out" 2>"$tmp/sandbox.err" &
	sandbox=$!
	waited=0
	until [ -s "$ready" ]; do
		kill -0 "$sandbox" 2>/dev/null || die "the sandbox did not start"
		[ "$waited" -lt 300 ] || die "the sandbox was not ready within 30 seconds"
		waited=$((waited + 1))
		sleep 0.1
	done
fi
[ -r "$ready" ] || die "there is no ready file $ready; does the sandbox run?"
API=$(text api_url <"$ready") SANDBOX=$(text sandbox_url <"$ready") BANK=$(inside xs2a | text api_url)
CLIENT_ID=$(text client_id <"$ready") CLIENT_SECRET=$(text client_secret <"$ready") CA=$(sed -n 's/^  "ca_file": "\(.*\)".*/\1/p' "$ready")

# send METHOD URL [JSON] sends a request and prints the answer; an error is the end.
send() {
	method=$1 url=$2
	if [ $# -gt 2 ]; then set -- -H 'Content-Type: application/json' -d "$3"; else set --; fi
	code=$(curl -sS ${CA:+--cacert "$CA"} -o "$tmp/answer" -D "$tmp/headers" -w '%{http_code}' -X "$method" ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@" "$url") ||
		die "$method $url: no answer"
	case $code in
	2??) cat "$tmp/answer" ;;
	*) die "$method $url: $code $(cat "$tmp/answer")" ;;
	esac
}

# api METHOD PATH [JSON] calls the API as the partner.
api() {
	method=$1 path=$2
	shift 2
	send "$method" "$API$path" "$@"
}

# wizard FIELDS is what the customer's browser says to the bank's wizard: the
# fields of a form. The answer is the next form.
wizard() { TOKEN='' send POST "$BANK/v1.1/wizard" "{\"key\":\"$KEY\"$1}"; }

# form NAME says that the wizard must show this form now.
form() {
	case $answer in
	*"\"form\":{"*"\"name\":\"$1\""*) ;;
	*) die "the wizard should show $1: $answer" ;;
	esac
}

# status WANT checks the identification in $ident, and says where it stands.
status() {
	is=$(printf %s "$ident" | text status)
	[ "$is" = "$1" ] || die "the identification should be $1: $ident"
	tell "$is"
}

# await WANT asks until the identification has the status.
await() {
	asked=0
	while :; do
		ident=$(api GET "$P/identifications/$IDENT?include_documents=true")
		[ "$(printf %s "$ident" | text status)" != "$1" ] || break
		[ "$asked" -lt 100 ] || die "the identification should become $1: $ident"
		asked=$((asked + 1))
		sleep 0.1
	done
	status "$1"
}

# download TYPE FILE gets the document of that type.
download() {
	document=$(printf %s "${ident#*\"documents\":}" | tr '{}' '\n\n' | grep "\"document_type\":\"$1\"" | text id)
	[ -n "$document" ] || die "there is no $1: $ident"
	curl -sSf ${CA:+--cacert "$CA"} -H "Authorization: Bearer $TOKEN" -o "$2" "$API$P/documents/$document/file" || die "the $1 cannot be downloaded"
	[ "$(head -c 5 "$2")" = %PDF- ] || die "the $1 is no PDF"
	tell "$1, $(wc -c <"$2" | tr -d ' ') bytes"
}

say "1  An access token, good for one hour"
TOKEN=$(curl -sSf ${CA:+--cacert "$CA"} -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials -d scope=partners "$API/oauth2/token" | text access_token)
[ -n "$TOKEN" ] || die "no access token"
clock=$(send GET "$SANDBOX/clock")
NOW=$(printf %s "$clock" | text now)
tell "it is $NOW"

say "2  A person, who has agreed to the terms"
person=$(api POST /v1/persons "{\"salutation\":\"MS\",\"first_name\":\"Anna\",\"last_name\":\"Muster\",\"birth_date\":\"1980-01-01\",\"birth_city\":\"Köln\",
	\"nationality\":\"DE\",\"mobile_number\":\"+15550101\",
	\"address\":{\"line_1\":\"Hauptstraße 1\",\"postal_code\":\"10115\",\"city\":\"Berlin\",\"country\":\"DE\"},
	\"terms_conditions_signed_at\":\"$NOW\",\"data_terms_signed_at\":\"$NOW\"}")
PERSON=$(printf %s "$person" | text id)
P=/v1/persons/$PERSON
tell "$PERSON"

say "3  The mobile number, which a code confirms"
number='"number":"+15550101"' # in a sandbox its codes are 212212
api POST "$P/mobile_number" "{$number}" >/dev/null
api POST "$P/mobile_number/authorize" "{$number}" >/dev/null
verified=$(api POST "$P/mobile_number/confirm" "{$number,\"token\":\"212212\"}")
case $verified in *'"verified":true'*) tell "verified" ;; *) die "it should be verified: $verified" ;; esac

say "4  May this person be identified this way?"
eligible=$(api POST "$P/identification_eligibility_checks" '{"method":"bank"}')
tell "$eligible"
case $eligible in *'"eligible":true'*) ;; *) die "the person should be eligible" ;; esac

say "5  An identification by this account"
ident=$(api POST "$P/identifications" "{\"method\":\"bank\",\"iban\":\"DE77110101010100000093\",\"terms_and_conditions_signed_at\":\"$NOW\"}")
IDENT=$(printf %s "$ident" | text id)
tell "$IDENT"
status created

say "6  Request it: the page of the bank login"
ident=$(api PATCH "$P/identifications/$IDENT/request")
URL=$(printf %s "$ident" | text url)
tell "$URL"
status pending

if [ -n "$manual" ]; then
	say "7  Open this page and log in to the bank: any user name and PIN will do"
	printf '   Press Enter here when the page says that you are done: ' >&2
	read -r _
else
	KEY=$(printf %s "$URL" | sed 's/.*wizard_session_key=\([^&]*\).*/\1/')
	say "7  The customer logs in to the bank, chooses the account, releases a transfer of a cent"
	answer=$(wizard '') # the account is known, and so is its bank
	case $answer in *'"name":"WizardStartStep"'*) answer=$(wizard ',"country_id":"DE","bank_code":"11010101"') ;; esac
	form WizardLoginStep
	tell "login"
	answer=$(wizard ',"USER_NAME":"anna","USER_PIN":"12345","privacy_policy":true')
	form Accounts
	tell "account"
	answer=$(wizard ',"account":0')
	form Tan
	TAN=$(printf %s "$answer" | grep -o '[^0-9][0-9]\{6\}[^0-9]' | tr -cd '0-9\n' | sed -n 1p) # the simulated bank shows it
	tell "TAN $TAN"
	answer=$(wizard ",\"TAN\":\"$TAN\"")
	form finish
fi

say "8  The bank has confirmed who she is; the report can be read before it is signed"
await authorization_required
mkdir -p "${keep:=$tmp/documents}"
download QES_DOCUMENT "$keep/report.pdf"
tell "to be signed until $(printf %s "$ident" | text authorization_expires_at)"

say "9  Authorize: the signer sends her a text"
ident=$(api PATCH "$P/identifications/$IDENT/authorize")
status confirmation_required
tell "consent page of the signer, for those who show it in a frame: $(sed -n 's/^[Ll]ink: *<\([^>]*\)>.*/\1/p' "$tmp/headers")"
REFERENCE=$(printf %s "$ident" | text current_reference_token)
texts=$(send GET "$SANDBOX/messages?sort=-created_at")
message=$(printf %s "$texts" | grep -o '"text":"[^"]*"' | sed -n "/$REFERENCE/s/^\"text\":\"\(.*\)\"$/\1/p")
[ -n "$message" ] || die "there is no text for $REFERENCE: $texts"
tell "text: $message"

say "10 Confirm: she reads the code, and you hand it on"
CODE=$(printf %s "$message" | sed 's/.*[^0-9]\([0-9]\{6\}\)\([^0-9].*\)*$/\1/')
ident=$(api PATCH "$P/identifications/$IDENT/confirm" "{\"token\":\"$CODE\"}")
status confirmed

say "11 The signature comes"
send POST "$SANDBOX/clock" '{"advance":"1m"}' >/dev/null
await successful
download SIGNED_QES_DOCUMENT "$keep/signed_report.pdf"
if command -v pdfsig >/dev/null; then
	pdfsig -nocert "$keep/signed_report.pdf" | sed -n 's/^  - Signature Validation: /   pdfsig: /p' >&2
fi

say "Everything is as it should be: identified, and signed."
printf '%s\n' "$ident"
