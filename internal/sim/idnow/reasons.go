package idnow

import (
	"slices"
	"strings"
)

// videoReasons is the reasons of the video call: S4, "IDnow failure codes". Which result each of them explains, S4 does not
// say: what a review finds cancels, everything else aborts the call.
var videoReasons = map[string][]string{
	aborted: {
		"AUDIO_OTHER", "BAD_AUDIO", "BAD_AUDIO_ENVIRONMENT", "BAD_VIDEO", "CALL_QUALITY_FAIL", "CONNECTION_BAD",
		"CONNECTION_LOST", "CONNECTION_OTHER", "DATA_APPLICATION_ADDRESS", "DATA_APPLICATION_DATA", "DATA_ID_EXPIRED",
		"DISAGREE_WITH_VIDEO_RECORDING", "ENROLLED_TO_WAITING_LIST", "IDENT_CODE_NOT_RECEIVED",
		"IDENT_CODE_REPEATEDLY_INCORRECT", "INDECENT_BEHAVIOUR", "NO_AUDIO", "NO_CONNECTION", "NO_VIDEO", "OTHER_ABUSE",
		"OTHER_ERROR", "OTHER_TEST", "TECH_AUDIO", "TECH_DISCONNECTED_VIDEO", "TECH_DISCONNECTED_WEBSOCKET", "TECH_HOLOGRAM",
		"TECH_ID_TYPE", "TECH_IDENT_CODE_DELIVERY", "TECH_INTERNAL_SERVER_ERROR", "TECH_INTERNET_CONNECTION", "TECH_LIGHTING",
		"TECH_TIMEOUT", "TECH_VIDEO", "USER_ABORT_WHILE_WAITING", "USER_CANCELLATION", "USER_ID_NUMBER", "USER_IDENT_CODE",
		"USER_LANGUAGE", "USER_NO_ID", "USER_STARTED_NEW_REQUEST", "USER_WRONG_PERSON", "VIDEO_ENVIRONMENT", "VIDEO_OTHER",
		"WRONG_PHONE_NUMBER",
	},
	canceled: {
		"BAD_PHOTO_QUALITY", "ID_NOT_SUPPORTED", "ID_DAMAGED", "ID_OTHER", "INCORRECT_ID_NUMBER", "INCORRECT_NAME_IN_QES",
		"NO_ESIGN_FRAUD", "NO_SECURITY_QUESTION_ASKED", "OTHER_MISCELLANEOUS_PERMANENT", "OTHER_MISCELLANEOUS_TEMPORARY",
		"PHOTO_OTHER", "SECURITY_QUESTION", "SECURITY_QUESTION_NOT_CORRECT_ANSWERED", "STALLED_TIMEOUT", "TECH_PHOTO",
	},
}

// reasonsOf is the reasons of a kind of account, by the result that they explain.
func reasonsOf(k Kind) map[string][]string {
	if k == AutoIdent {
		return autoReasons
	}
	return videoReasons
}

// resultOf is the result that a reason explains; "" if the kind of account has no such reason.
func resultOf(k Kind, reason string) string {
	for result, all := range reasonsOf(k) {
		if slices.Contains(all, reason) {
			return result
		}
	}
	return ""
}

// reasonPrefix begins the cases that end with a reason of the tester's choice: X-AUTOTEST-REASON-TECH_AUDIO.
const reasonPrefix = "REASON-"

// reasonScenario is the case of a name like REASON-TECH_AUDIO. A reason that aborts ends a call before the customer is
// through; one that cancels, and a fraud, are found by the review.
func reasonScenario(k Kind, name string) (scenario, bool) {
	reason, ok := strings.CutPrefix(name, reasonPrefix)
	if !ok {
		return scenario{}, false
	}
	found := ending{After: afterReview, Result: resultOf(k, reason), Reason: reason}
	switch found.Result {
	case aborted:
		found.After = atOnce
		return scenario{Final: []ending{found}, Preliminary: []ending{found}, AgentAborts: true}, true
	case canceled:
		return scenario{Final: []ending{found}, Preliminary: []ending{reviewBegins(k), found}}, true
	case fraudConfirmed:
		return scenario{Final: []ending{found}, Preliminary: []ending{calledSuspect, found}}, true
	}
	return scenario{}, false
}

// reviewBegins is the preliminary result of what looked well so far.
func reviewBegins(k Kind) ending {
	if k == AutoIdent {
		return ending{Result: checkPending}
	}
	return calledWell
}
