package kyc

import "time"

// amlYears is how many years pass until a person's data must be confirmed
// again, by `risk_classification_status`: 7 for low, 5 for medium, 1 for high
// risk (rulings §2). Who needs no scoring is low risk; who was scored without a
// finding, or not yet, medium; who was found to be a risk, accepted or not, or
// owes an answer about it, is high risk.
var amlYears = map[string]int{
	"SCORING_NOT_REQUIRED": 7,

	"NOT_SCORED":  5,
	"NORMAL_RISK": 5,

	"POTENTIAL_RISK":        1,
	"INFORMATION_REQUESTED": 1,
	"INFORMATION_RECEIVED":  1,
	"RISK_ACCEPTED":         1,
	"RISK_REJECTED":         1,
	"CUSTOMER_UNRESPONSIVE": 1,
}

// mediumRisk is for a person of whose risk nothing is known.
const mediumRisk = 5

// AMLFollowUp is the day on which data that were confirmed at that moment must
// be confirmed again: YYYY-MM-DD, of the time zone that the moment comes in.
func AMLFollowUp(confirmed time.Time, a Attributes) string {
	years, known := amlYears[a.Text("risk_classification_status").Reveal()]
	if !known {
		years = mediumRisk
	}
	return confirmed.AddDate(years, 0, 0).Format(time.DateOnly)
}

// PaperNotice is how long before an identity document runs out the partner is
// told that the account may be blocked (rulings §2).
const PaperNotice = 60

// PaperNoticeDay is the day, YYYY-MM-DD, on which that is told of a document
// that is valid until the given one; false if that is no day.
func PaperNoticeDay(validUntil string) (string, bool) {
	day, err := time.Parse(time.DateOnly, validUntil)
	if err != nil {
		return "", false
	}
	return day.AddDate(0, 0, -PaperNotice).Format(time.DateOnly), true
}
