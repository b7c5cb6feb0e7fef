package crashtest

import (
	"fmt"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sim/fourthline"
)

// banked makes an identification, requests it, and has the bank say how it ends.
func (s *stage) banked(m kyc.Method, result string) (*ident, error) {
	i, err := s.createBank(m)
	if err != nil {
		return nil, err
	}
	if err := s.request(i); err != nil {
		return nil, err
	}
	return i, s.end(i, result)
}

// arrived looks whether the identification has come to where the scene led it. Under
// load it need not: others move the clock, and are in the way of a firm in trouble.
func (s *stage) arrived(i *ident, want kyc.State) error {
	st, err := s.status(i)
	if err == nil && st != want && !s.w.lively {
		err = fmt.Errorf("%s is %s, want %s", i.path(), st, want)
	}
	if err != nil {
		return err
	}
	return s.look(i)
}

// bankident: a customer mistypes, asks for another password, and succeeds; then
// another node has some work left that is done.
func bankident(s *stage) error {
	i, err := s.banked(kyc.MethodBank, "success")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.eligible(i.person) },
		func() error { return s.authorize(i) },
		func() error { return s.confirm(i, "000000") },
		func() error { return s.authorize(i) },
		func() error { return s.confirm(i, testPassword) },
		func() error { return s.advance("30s") },
		func() error { return s.arrived(i, kyc.Successful) },
		func() error {
			return s.w.put(kyc.Job{Kind: kyc.CollectSigning, Key: i.id}, kyc.Job{Kind: kyc.SubmitData, Key: i.id})
		},
		func() error { return s.advance("1s") },
	)
}

func bankSaysNo(s *stage) error {
	i, err := s.banked(kyc.MethodBank, "joint_account")
	if err != nil {
		return err
	}
	return s.arrived(i, kyc.Failed)
}

// identityData: they are handed over when the firm is back, and accepted; those of
// another it does not take.
func identityData(s *stage) error {
	i, err := s.banked(kyc.MethodBankID, "joint_account")
	if err != nil {
		return err
	}
	other, err := s.banked(kyc.MethodBankID, "success")
	if err != nil {
		return err
	}
	checker := func(mode string) func() error {
		return func() error { return s.w.steer(s.p, "POST", "/fourthline/faults", object{"mode": mode}, nil) }
	}
	back := func() error { return s.w.steer(s.p, "DELETE", "/fourthline/faults", nil, nil) }
	return inOrder(
		checker("html"),
		func() error { return s.handData(i) },
		func() error { return s.advance("1s") },
		back,
		func() error { return s.advance("10s") },
		func() error { return s.end(i, fourthline.Accepted) },
		func() error { return s.authorize(i) },
		func() error { return s.confirm(i, testPassword) },
		func() error { return s.advance("30s") },
		func() error { return s.arrived(i, kyc.Successful) },
		checker("refuse"),
		func() error { return s.handData(other) },
		func() error { return s.advance("1s") },
		back,
		func() error { return s.arrived(other, kyc.Failed) },
	)
}

// fraud is what the firm that checks identity data finds in them.
func fraud(s *stage) error {
	i, err := s.banked(kyc.MethodBankID, "success")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.handData(i) },
		func() error { return s.advance("1s") },
		func() error { return s.end(i, "4000") },
		func() error { return s.arrived(i, kyc.Rejected) },
	)
}

// signerInTrouble: it does not answer when it is asked to sign, when it is given the
// password, and when it is asked for the signatures; and the processes that asked
// have died.
func signerInTrouble(s *stage) error {
	i, err := s.banked(kyc.MethodBank, "success")
	if err != nil {
		return err
	}
	down := func() error { return s.w.steer(s.p, "POST", "/ais/faults", object{"mode": "html"}, nil) }
	back := func() error { return s.w.steer(s.p, "DELETE", "/ais/faults", nil, nil) }
	return inOrder(
		down,
		func() error { return s.authorize(i) },
		back,
		func() error {
			return s.w.put(kyc.Job{Kind: kyc.AuthorizeSigning, Key: i.id}, kyc.Job{Kind: kyc.ConfirmSigning, Key: i.id})
		},
		func() error { return s.advance("1s") },
		func() error { return s.authorize(i) },
		down,
		func() error { return s.confirm(i, testPassword) },
		func() error { return s.advance("11s") },
		back,
		func() error { return s.advance("1m") },
		func() error { return s.confirm(i, testPassword) },
		func() error { return s.advance("30s") },
		func() error { return s.arrived(i, kyc.Successful) },
	)
}

// tooLate: nobody confirms in time, and nobody authorizes.
func tooLate(s *stage) error {
	i, err := s.banked(kyc.MethodBank, "success")
	if err != nil {
		return err
	}
	other, err := s.banked(kyc.MethodBank, "success")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.authorize(i) },
		func() error { return s.advance("11m") },
		func() error { return s.arrived(i, kyc.Expired) },
		func() error { return s.arrived(other, kyc.Expired) },
	)
}
