package ais

import (
	"maps"
	"slices"
	"strings"
)

// The majors of the service.
const (
	majorSuccess   = "urn:oasis:names:tc:dss:1.0:resultmajor:Success"
	majorRequester = "urn:oasis:names:tc:dss:1.0:resultmajor:RequesterError"
	majorResponder = "urn:oasis:names:tc:dss:1.0:resultmajor:ResponderError"
	majorPending   = "urn:oasis:names:tc:dss:1.0:profiles:asynchronousprocessing:resultmajor:Pending"
	majorSubsystem = "http://ais.swisscom.ch/1.0/resultmajor/SubsystemError"
)

// Beginnings of the minors.
const (
	minor       = "http://ais.swisscom.ch/1.0/resultminor/"
	minorStepUp = "http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/"
	sasStatus   = "urn:swisscom:names:sas:1.0:status:"
)

// result is how a call ended.
type result struct{ Major, Minor, Message string }

// success is the one outcome that is no error.
const success = "success"

// outcomes are all errors of the service by the word that a tester names them with: the end of their minor, or of the
// message where the minor is that of several.
var outcomes = map[string]result{
	"AuthenticationFailed":       {majorRequester, minor + "AuthenticationFailed", "The client certificate does not fit the claimed identity"},
	"CantServeTimely":            {majorResponder, minor + "CantServeTimely", "The service is too busy"},
	"InsufficientData":           {majorRequester, minor + "InsufficientData", "MSISDN is missing"},
	"ServiceInactive":            {majorResponder, minor + "ServiceInactive", "The service is not active"},
	"SignatureError":             {majorResponder, minor + "SignatureError", "The signature could not be made"},
	"TimestampError":             {majorResponder, minor + "TimestampError", "The time stamp could not be made"},
	"UnexpectedData":             {majorRequester, minor + "UnexpectedData", "The request holds unexpected data"},
	"UnknownCustomer":            {majorRequester, minor + "UnknownCustomer", "The customer is not known"},
	"UnknownServiceEntity":       {majorRequester, minor + "UnknownServiceEntity", "The key entity is not known"},
	"UnsupportedDigestAlgorithm": {majorRequester, minor + "UnsupportedDigestAlgorithm", "The digest algorithm is not supported"},
	"UnsupportedProfile":         {majorRequester, minor + "UnsupportedProfile", "The profile is not supported"},
	"GeneralError":               {majorResponder, "urn:oasis:names:tc:dss:1.0:resultminor:GeneralError", "Something went wrong"},
	"SerialNumberMismatch":       {majorSubsystem, minorStepUp + "SerialNumberMismatch", "The serial number is that of another step-up"},
	"service":                    {majorSubsystem, minorStepUp + "service", "The step-up service failed"},
	"status":                     {majorSubsystem, minorStepUp + "status", "The step-up has a status that does not allow it"},
	"timeout":                    {majorSubsystem, minorStepUp + "timeout", "The step-up was not confirmed in time"},
	"cancel":                     {majorSubsystem, minorStepUp + "cancel", "The step-up was cancelled by the user"},
	"transport":                  {majorSubsystem, "http://ais.swisscom.ch/1.1/resultminor:subsystem/StepUp/transport", "The user could not be reached"},
	"InvalidOtp":                 {majorSubsystem, minorStepUp + "service", sasStatus + "InvalidOtp"},
	"InvalidPassword":            {majorSubsystem, minorStepUp + "service", sasStatus + "InvalidPassword"},
}

// Outcomes are all words that SetResult takes, sorted.
func Outcomes() []string {
	return slices.Sorted(maps.Keys(withSuccess()))
}

func withSuccess() map[string]result {
	all := maps.Clone(outcomes)
	all[success] = result{Major: majorSuccess}
	return all
}

// flaws are what can be wrong with a signature at a tester's wish.
var flaws = []string{
	"other_digest", "other_name", "other_authority", "other_type", "other_timestamp", "no_timestamp", "weak_timestamp", "attached",
	"revoked", "no_revocation", "other_revocation", "cut_off",
}

// bad is a result of this word, with a message that says more.
func bad(word, message string) *result {
	r := outcomes[word]
	r.Message = message
	return &r
}

// knownOutcome tells whether the word is one, and names all if it is none.
func knownOutcome(word string) (bool, string) {
	_, ok := withSuccess()[word]
	return ok, "outcome must be one of " + strings.Join(Outcomes(), ", ")
}
