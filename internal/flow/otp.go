package flow

import (
	"crypto/subtle"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// A sandbox takes this one-time password for the number that the API's tests
// use, and for a change request that was authorized with `static` (partner-api.md §3.3).
const (
	sandboxNumber = "+15550101"
	sandboxOTP    = "212212"
)

// newOTP makes a one-time password for the phone. In a sandbox that of the test
// number is always the same.
func (s *Service) newOTP(tx kyc.Tx, personID, about, number string, expires time.Time) (kyc.OTP, string, error) {
	code := id.Digits(6)
	if s.Sandbox && number == sandboxNumber {
		code = sandboxOTP
	}
	otp, err := s.sealOTP(tx, personID, about, code, expires)
	return otp, code, err
}

func (s *Service) sealOTP(tx kyc.Tx, personID, about, code string, expires time.Time) (kyc.OTP, error) {
	key, err := s.keyOf(tx.Persons(), personID)
	if err != nil {
		return kyc.OTP{}, err
	}
	sealed, err := key.Seal([]byte(code), "password of "+about)
	return kyc.OTP{Sealed: sealed, ExpiresAt: expires}, err
}

// mayTry refuses whoever has guessed too often at what the phone was sent.
func (s *Service) mayTry(m kyc.MobileNumber) error {
	wait := m.TooManyWrong(s.Wall.Now())
	if wait == 0 {
		return nil
	}
	return &kyc.Error{
		Kind: kyc.TooMany, Code: "too_many_requests", RetryAfter: wait,
		Detail: "Too many wrong one-time passwords were given for the phone of this person within a day. Try again when Retry-After is over.",
	}
}

// tryOTP compares in constant time. A right one is used up; a wrong one counts,
// for itself and for the phone that it was sent to, and with too many of them
// there is none any more. The caller stores otp and m.
func (s *Service) tryOTP(tx kyc.Tx, m *kyc.MobileNumber, about string, otp *kyc.OTP, given string) (bool, error) {
	if s.Sandbox && m.Number == sandboxNumber && given == sandboxOTP { // always valid, whatever was sent and when
		*otp = kyc.OTP{}
		return true, nil
	}
	if err := s.mayTry(*m); err != nil {
		return false, err
	}
	if otp.Sealed == nil || !tx.Now().Before(otp.ExpiresAt) {
		return false, nil
	}
	key, err := s.keyOf(tx.Persons(), m.PersonID)
	if err != nil {
		return false, err
	}
	code, err := key.Open(otp.Sealed, "password of "+about)
	if err != nil {
		return false, err
	}
	if subtle.ConstantTimeCompare(code, []byte(given)) == 1 {
		*otp = kyc.OTP{}
		return true, nil
	}
	m.CountWrong(s.Wall.Now())
	if otp.Wrong++; otp.Wrong >= kyc.OTPTries {
		otp.Sealed = nil
	}
	return false, nil
}

// errWrongTAN is the answer to a one-time password that is wrong, too old, used
// up or was never sent (partner-api.md §2.8).
func errWrongTAN(mobileNumberID string) error {
	return kyc.Fail(kyc.Forbidden, "invalid_tan", "Invalid or expired TAN for Solaris::MobileNumber with uid: '%s'", mobileNumberID)
}
