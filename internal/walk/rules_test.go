package walk

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/video"
)

// The rules, as the rulings have them; nothing here comes from the product.
const (
	linkLifetime  = 14 * 24 * time.Hour
	maxUnsuccess  = 19
	documentsEach = 5 // the report, both sides of the card, the portrait, the sound
	unexplained   = "OTHER_MISCELLANEOUS_PERMANENT"
	maxDeliveries = 25
	holdingBack   = 3 // so many failures hold back the entity's next event
	mostPoll      = 6 * time.Hour
)

// moves is rulings §3, "Allowed moves": where each status may lead.
var moves = map[string][]string{
	"created":            {"pending"},
	"pending":            {"pending_successful", "pending_failed", "successful", "failed", "aborted", "canceled", "expired"},
	"pending_successful": {"successful", "canceled", "failed", "pending_failed"},
	"pending_failed":     {"successful", "failed", "canceled"},
	"aborted":            {"pending", "pending_successful", "pending_failed", "successful", "failed", "aborted", "canceled", "expired"},
	"canceled":           {"pending", "pending_successful", "pending_failed", "successful", "failed", "aborted", "canceled", "expired"},
	"successful":         {"canceled"},
}

// means is rulings §3, "IDnow result → status". What is not in it changes nothing.
var means = map[string]string{
	"SUCCESS": "successful", "SUCCESS_DATA_CHANGED": "successful", "REVIEW_PENDING": "pending_successful",
	"FRAUD_SUSPICION_PENDING": "pending_failed", "FRAUD_SUSPICION_CONFIRMED": "failed", "FAILED": "failed",
	"ABORTED": "aborted", "CANCELED": "canceled",
}

// leads says where the provider's result leads from a status; empty: it changes nothing.
func leads(status, result string) string {
	to := means[result]
	if status == "successful" && to == "failed" {
		to = "canceled" // S4, Appendix II, case 3
	}
	if !slices.Contains(moves[status], to) {
		return ""
	}
	return to
}

// unsuccessful statuses count as attempts; an expiry only where nothing else has.
func unsuccessful(status string) bool {
	return slices.Contains([]string{"aborted", "canceled", "failed", "rejected"}, status)
}

// retryable results leave the session at the provider unfinished; preliminary
// ones are not the end of it; every other result is.
func retryable(result string) bool { return result == "ABORTED" || result == "CANCELED" }

func preliminary(result string) bool {
	return slices.Contains([]string{"REVIEW_PENDING", "CHECK_PENDING", "FRAUD_SUSPICION_PENDING"}, result)
}

// chains is rulings §3, "Scenario table, video": the statuses after pending,
// without and with preliminary results.
var chains = map[string][2][]string{
	"HAPPYPATH":       {{"successful"}, {"pending_successful", "successful"}},
	"CHANGEALL":       {{"successful"}, {"pending_successful", "successful"}},
	"CHANGEALLREVIEW": {{"successful"}, {"pending_successful", "successful"}},
	"ABORTIDENT":      {{"aborted"}, {"aborted"}},
	"FRAUDOK":         {{"canceled", "successful"}, {"pending_failed", "successful"}},
	"FRAUDREVIEW":     {{"successful", "canceled"}, {"pending_successful", "failed"}},
	"CANCELED":        {{"canceled"}, {"pending_successful", "canceled"}},
	"FRAUDIDENT":      {{"failed"}, {"pending_failed", "failed"}},
	"LONGREVIEW":      {{"successful"}, {"pending_successful", "successful"}},
}

// reviewed is when the whole chain of a robot has come at the latest.
func reviewed(scenario string) time.Duration {
	if scenario == "LONGREVIEW" {
		return 24*time.Hour + time.Minute
	}
	return 5 * time.Minute
}

// gap is rulings §4, "Retry": how long after the n-th attempt the next follows.
func gap(n int) time.Duration {
	return time.Duration(5.5 * math.Pow(1.561, float64(n-1)) * float64(time.Second))
}

// instant is a time as the API writes it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// TestRulesAreTheTable: the walks judge by the moves above and the product goes
// by its table, so a difference between them should be seen without a walk.
func TestRulesAreTheTable(t *testing.T) {
	for _, from := range video.Machine.States() {
		table := []string{}
		for _, to := range video.Machine.Moves[from] {
			table = append(table, string(to))
		}
		for _, to := range kyc.States {
			if got, want := slices.Contains(table, string(to)), slices.Contains(moves[string(from)], string(to)); got != want {
				t.Errorf("from %s to %s: the table says %t, the rulings %t", from, to, got, want)
			}
		}
	}
}
