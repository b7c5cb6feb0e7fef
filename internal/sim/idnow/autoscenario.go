package idnow

// autoScenarios is every case of automatic identification: the three that S2 names, and two more of its chains (Appendix
// II, cases 2 and 3) that a tester may choose on the page.
var autoScenarios = map[string]scenario{
	"HAPPYPATH": {
		Final:       []ending{reviewedSuccess},
		Preliminary: []ending{{Result: checkPending}, reviewedSuccess},
	},
	"CANCELED": {
		Final:       []ending{fakedDocument},
		Preliminary: []ending{calledSuspect, fakedDocument},
	},
	"FRAUDIDENT": {
		Final:       []ending{otherError},
		Preliminary: []ending{{Result: checkPending}, otherError},
	},
	"FRAUDOK": {
		Final:       []ending{{After: afterReview, Result: canceled, Reason: "IDENT_OTHER"}, reviewedSuccess},
		Preliminary: []ending{calledSuspect, reviewedSuccess},
		Unnamed:     true,
	},
	"FRAUDREVIEW": {
		Final:       []ending{reviewedSuccess, lateFraud},
		Preliminary: []ending{{Result: checkPending}, reviewedSuccess, lateFraud},
		Unnamed:     true,
	},
}

var (
	fakedDocument = ending{After: afterReview, Result: fraudConfirmed, Reason: "WARNING_FAKED_MANIPULATED_ID"}
	otherError    = ending{After: afterReview, Result: failed, Reason: "OTHER_ERROR"}
	lateFraud     = ending{After: afterReview, Result: fraudConfirmed, Reason: "WARNING_FRAUD_OTHER"}
)

// autoEndingCases is the cases that a tester may choose for somebody who is no test person.
var autoEndingCases = []string{"HAPPYPATH", "CANCELED", "FRAUDIDENT", "FRAUDOK", "FRAUDREVIEW"}
