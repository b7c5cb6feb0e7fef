package kyc_test

import (
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// TestOriginationFollows walks the statuses of an origination after its identification.
func TestOriginationFollows(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   kyc.OriginationStatus
		state  kyc.State
		signed bool
		want   kyc.OriginationStatus
	}{
		{"requested", kyc.OriginationTrigger, kyc.Pending, false, kyc.OriginationSigning},
		{"reviewed", kyc.OriginationSigning, kyc.PendingSuccessful, false, kyc.OriginationCompletion},
		{"suspected", kyc.OriginationSigning, kyc.PendingFailed, false, kyc.OriginationCompletion},
		{"signed", kyc.OriginationSigning, kyc.Successful, true, kyc.OriginationCompleted},
		{"signed after review", kyc.OriginationCompletion, kyc.Successful, true, kyc.OriginationCompleted},
		{"identified alone", kyc.OriginationSigning, kyc.Successful, false, kyc.OriginationFailed},
		{"aborted", kyc.OriginationSigning, kyc.Aborted, false, kyc.OriginationSigning},
		{"canceled", kyc.OriginationCompletion, kyc.Canceled, false, kyc.OriginationSigning},
		{"found out later", kyc.OriginationCompleted, kyc.Canceled, false, kyc.OriginationFailed},
		{"failed", kyc.OriginationCompletion, kyc.Failed, false, kyc.OriginationFailed},
		{"expired", kyc.OriginationSigning, kyc.Expired, false, kyc.OriginationExpired},
		{"unknown", kyc.OriginationSigning, "processed", false, kyc.OriginationSigning},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := kyc.Origination{Status: c.from}
			if changed := o.Follow(c.state, c.signed); o.Status != c.want || changed != (c.from != c.want) || changed != (o.Description != "") {
				t.Errorf("%s (%q), changed %t", o.Status, o.Description, changed)
			}
		})
	}
}
