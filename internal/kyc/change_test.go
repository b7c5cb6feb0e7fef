package kyc_test

import (
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// TestTooManyWrong: a day after the first wrong one-time password the count begins anew.
func TestTooManyWrong(t *testing.T) {
	var m kyc.MobileNumber
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range kyc.WrongPasswords {
		if m.TooManyWrong(first.Add(time.Hour)) != 0 {
			t.Fatalf("refused after %d", n)
		}
		m.CountWrong(first.Add(time.Duration(n) * time.Minute))
	}
	for after, want := range map[time.Duration]time.Duration{time.Hour: 23 * time.Hour, 24 * time.Hour: 0, 48 * time.Hour: 0} {
		if got := m.TooManyWrong(first.Add(after)); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	m.CountWrong(first.Add(24 * time.Hour))
	if m.Wrong != 1 || m.TooManyWrong(first.Add(24*time.Hour)) != 0 {
		t.Errorf("%+v", m)
	}
}
