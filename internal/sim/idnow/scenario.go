package idnow

import (
	"fmt"
	"regexp"
	"time"
)

// The results of the protocol. Others may be forced by SetResult and are passed on as they are.
const (
	success        = "SUCCESS"
	dataChanged    = "SUCCESS_DATA_CHANGED"
	fraudConfirmed = "FRAUD_SUSPICION_CONFIRMED"
	failed         = "FAILED"
	aborted        = "ABORTED"
	canceled       = "CANCELED"
	reviewPending  = "REVIEW_PENDING"
	fraudPending   = "FRAUD_SUSPICION_PENDING"
	checkPending   = "CHECK_PENDING"
)

func preliminary(result string) bool {
	return result == reviewPending || result == fraudPending || result == checkPending
}

// retryable says that the customer may try again on the same link, and the company by /start.
func retryable(result string) bool { return result == aborted || result == canceled }

// wait is what lies between one ending and the one before it, or the end of the call.
type wait int

const (
	atOnce      wait = iota
	afterReview      // as long as a review takes
	afterDay         // 24 hours
	afterHold        // 10 minutes: the certificate is held back
)

// ending is one result of a scenario.
type ending struct {
	After          wait
	Result, Reason string
	Changed        bool // reports changed data
}

// scenario is what a case makes of a call: the results that follow its end, in order.
type scenario struct {
	Final       []ending // to an account without preliminary results
	Preliminary []ending // to an account with them
	AgentAborts bool     // the agent ends the call before the customer is through
	Unnamed     bool     // to be chosen on the page alone, by no name
}

var (
	reviewedSuccess = ending{After: afterReview, Result: success}
	reviewedChange  = ending{After: afterReview, Result: dataChanged, Changed: true}
	reviewedFraud   = ending{After: afterReview, Result: fraudConfirmed}
	reviewedPhoto   = ending{After: afterReview, Result: canceled, Reason: "TECH_PHOTO"}
	calledWell      = ending{Result: reviewPending}
	calledChange    = ending{Result: reviewPending, Changed: true}
	calledSuspect   = ending{Result: fraudPending}
	agentAborted    = ending{Result: aborted, Reason: "TECH_VIDEO"}
)

// scenariosOf is every case of a kind of account, by its name.
func scenariosOf(k Kind) map[string]scenario {
	if k == AutoIdent {
		return autoScenarios
	}
	return scenarios
}

// findScenario is a case of a kind of account: one with a name of its own, or that of a reason.
func findScenario(k Kind, name string) (scenario, bool) {
	if known, ok := scenariosOf(k)[name]; ok {
		return known, true
	}
	return reasonScenario(k, name)
}

// scenario is a case of the session's kind of account, by a name that was checked.
func (ses *session) scenario(name string) scenario {
	known, _ := findScenario(ses.Kind, name)
	return known
}

// scenarios is every case of a video call. Some need electronic signing, or its absence: account.mayPlay.
var scenarios = map[string]scenario{
	"HAPPYPATH": {
		Final:       []ending{reviewedSuccess},
		Preliminary: []ending{calledWell, reviewedSuccess},
	},
	"CHANGEALL": {
		Final:       []ending{reviewedChange},
		Preliminary: []ending{calledChange, reviewedChange},
	},
	"CHANGEALLREVIEW": {
		Final:       []ending{reviewedChange},
		Preliminary: []ending{calledWell, reviewedChange},
	},
	"ABORTIDENT": {
		Final:       []ending{agentAborted},
		Preliminary: []ending{agentAborted},
		AgentAborts: true,
	},
	"FRAUDOK": {
		Final:       []ending{{After: afterReview, Result: canceled, Reason: "OTHER_MISCELLANEOUS_TEMPORARY"}, reviewedSuccess},
		Preliminary: []ending{calledSuspect, reviewedSuccess},
	},
	"FRAUDREVIEW": {
		Final:       []ending{reviewedSuccess, reviewedFraud},
		Preliminary: []ending{calledWell, reviewedFraud},
	},
	"CANCELED": {
		Final:       []ending{reviewedPhoto},
		Preliminary: []ending{calledWell, reviewedPhoto},
	},
	"CANCELLED": {
		Final:       []ending{reviewedPhoto},
		Preliminary: []ending{calledWell, reviewedPhoto},
	},
	"FRAUDIDENT": {
		Final:       []ending{reviewedFraud},
		Preliminary: []ending{calledSuspect, reviewedFraud},
	},
	holdCertificate: {
		Final:       []ending{{After: afterHold, Result: success}},
		Preliminary: []ending{calledWell, {After: afterHold, Result: success}},
	},
	"LONGREVIEW": {
		Final:       []ending{{After: afterDay, Result: success}},
		Preliminary: []ending{calledWell, {After: afterDay, Result: success}},
	},
}

// holdCertificate delivers the result and the signed documents late.
const holdCertificate = "HOLDCERTIFICATE"

// happyPath is the case of everybody who asks for no other.
const happyPath = "HAPPYPATH"

// robot is the test that a person's data ask for.
type robot struct {
	Auto bool   // the customer is a robot too
	Case string // a name in scenarios; "" if the person is no test person
}

var robotName = regexp.MustCompile(`^X-([A-Z]*)TEST(?:-(.*))?$`)

// robotOf finds the test that a person's data ask for. The first name decides over the last name, the last name over
// the custom fields.
func robotOf(k Kind, data map[string]string) (robot, *apiError) {
	for _, field := range []string{"firstname", "lastname", "custom1", "custom2", "custom3", "custom4", "custom5"} {
		parts := robotName.FindStringSubmatch(data[field])
		if parts == nil {
			continue
		}
		prefix, name := parts[1], parts[2]
		if prefix != "MANUAL" && prefix != "AUTO" {
			return robot{}, badValue(field, fmt.Sprintf("There is no test robot 'X-%sTEST'", prefix))
		}
		if c, ok := findScenario(k, name); !ok || c.Unnamed {
			return robot{}, badValue(field, fmt.Sprintf("There is no test case '%s'", name))
		}
		return robot{Auto: prefix == "AUTO", Case: name}, nil
	}
	return robot{}, nil
}

// planned is an ending at its time.
type planned struct {
	At time.Time
	ending
}

// plan puts the endings of a case behind a call that ends at callEnd.
func (s *Server) plan(ses *session, name string, callEnd time.Time) []planned {
	endings := ses.scenario(name).Final
	if s.cfg.Preliminary {
		endings = ses.scenario(name).Preliminary
	}
	return s.planOf(ses, endings, callEnd)
}

// planOf puts endings behind a call that ends at callEnd.
func (s *Server) planOf(ses *session, endings []ending, callEnd time.Time) []planned {
	at := callEnd
	plan := make([]planned, len(endings))
	for i, e := range endings {
		switch e.After {
		case afterReview:
			at = at.Add(s.fate(ses.Tx, fmt.Sprintf("review %d of attempt %d", i, ses.Attempt)).Between(s.cfg.ReviewMin, s.cfg.ReviewMax))
		case afterDay:
			at = at.Add(24 * time.Hour)
		case afterHold:
			at = at.Add(10 * time.Minute)
		case atOnce:
		}
		plan[i] = planned{At: at, ending: e}
	}
	return plan
}
