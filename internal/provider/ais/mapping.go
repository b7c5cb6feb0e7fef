package ais

import (
	"regexp"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// The majors of the service (providers.md §2.5).
const (
	majorSuccess   = "urn:oasis:names:tc:dss:1.0:resultmajor:Success"
	majorPending   = "urn:oasis:names:tc:dss:1.0:profiles:asynchronousprocessing:resultmajor:Pending"
	majorRequester = "urn:oasis:names:tc:dss:1.0:resultmajor:RequesterError"
	majorResponder = "urn:oasis:names:tc:dss:1.0:resultmajor:ResponderError"
	majorSubsystem = "http://ais.swisscom.ch/1.0/resultmajor/SubsystemError"
)

// meaning is what an error of the service is to us.
type meaning struct {
	event   kyc.Event // of an attempt that was asked about; empty: nothing came of it yet, kyc.BadGateway
	refused bool      // a call of /sign is refused for good (kyc.Invalid); otherwise kyc.BadGateway
}

// meanings are all minors by their last word. What the operator or the firm
// must put right (the login, the service, the time of day) says nothing about
// the customer. An attempt whose answer will never be another is over, and
// the customer may begin a new one.
var meanings = map[string]meaning{
	// the operator's trouble
	"AuthenticationFailed":       {},
	"UnknownCustomer":            {},
	"UnknownServiceEntity":       {},
	"UnsupportedDigestAlgorithm": {},
	"UnsupportedProfile":         {},
	// the firm's
	"CantServeTimely": {},
	"ServiceInactive": {},
	"GeneralError":    {},
	"SignatureError":  {event: kyc.AttemptOver},
	"TimestampError":  {event: kyc.AttemptOver},
	// what was sent cannot be signed, or is not known (any more)
	"InsufficientData": {event: kyc.AttemptOver, refused: true},
	"UnexpectedData":   {event: kyc.AttemptOver, refused: true},
	// the step-up
	"StepUp/cancel":               {event: kyc.AttemptOver, refused: true},
	"StepUp/timeout":              {event: kyc.AttemptOver, refused: true},
	"StepUp/service":              {event: kyc.AttemptOver, refused: true}, // a wrong password, among others: the message says it
	"StepUp/status":               {event: kyc.AttemptOver, refused: true},
	"StepUp/transport":            {event: kyc.AttemptOver},
	"StepUp/SerialNumberMismatch": {event: kyc.SigningFailed, refused: true}, // another person's phone, or another SIM
}

// minorWord is the last word of a minor: after "resultminor/" or, oddly,
// "resultminor:"; step-ups are a subsystem below it.
var minorWord = regexp.MustCompile(`^[a-z]+:.*resultminor[:/](?:subsystem/)?((?:StepUp/)?[A-Za-z]{1,40})$`)

// word is the last word of the minor, empty if it has another form.
func word(minor string) string {
	found := minorWord.FindStringSubmatch(minor)
	if found == nil {
		return ""
	}
	return found[1]
}

// meaning finds what the answer's minor is to us. A word that nobody knows is
// trouble like the operator's: it ends no attempt, and the log names it.
// Step-up minors come with RequesterError and with SubsystemError alike, so the
// major is not looked at.
func (a answer) meaning() meaning { return meanings[word(a.minor)] }

// messageCode is how the step-up service says which password was wrong.
var messageCode = regexp.MustCompile(`^urn:swisscom:names:sas:1\.0:status:([A-Za-z]{1,40})$`)

// result is the answer in the firm's own words, without free text, in which
// anything could stand.
func (a answer) result() string {
	major := a.major[strings.LastIndexAny(a.major, ":/")+1:]
	text := major + "/" + word(a.minor)
	if found := messageCode.FindStringSubmatch(a.message); found != nil {
		text += " " + found[1]
	}
	return text
}

// refusal is the error of a call of /sign that was not accepted.
func (a answer) refusal() error {
	if !a.meaning().refused {
		return operatorTrouble(a.result())
	}
	said := a.message
	if kyc.CheckText(said, maxAddress) != "" {
		said = ""
	}
	return kyc.Fail(kyc.Invalid, "signing_error", "The signer refuses the request: %s. %s", a.result(), said)
}
