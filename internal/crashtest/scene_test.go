package crashtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
)

// scene is a situation that the harness brings about: together they pass every
// commit point of the program. A scene ends with an error when the server dies,
// and goes no further.
type scene struct {
	name string
	play func(s *stage) error
	long bool // weeks pass: taken for what no other scene passes
}

// stage is where a scene plays.
type stage struct {
	*client
	p *process
}

var scenes = []scene{
	{"token", func(s *stage) error { s.token = ""; _, err := s.get("/v1/webhooks"); return err }, false},
	{"success", success, false},
	{"second attempt", secondAttempt, false},
	{"robot", robot, false},
	{"subscription", subscription, false},
	{"refused request", refusedRequest, false},
	{"provider in trouble", providerInTrouble, false},
	{"provider in trouble after a push", deafAfterPush, false},
	{"polls", polls, false},
	{"result before the session is known", tooEarly, false},
	{"expiry", expiry, true},
	{"expiry while it is requested again", expiryWhileRequested, true},
	{"expiry without the provider", expiryWithoutProvider, true},
	{"late evidence", lateEvidence, false},
	{"sweep", sweep, false},
	{"papers", papers, false},
	{"paused subscription", pausedSubscription, true},
	{"work that others did", doneByOthers, false},
	{"consents", consents, false},
	{"erasure", erasure, false},
	{"mobile number", mobileNumber, false},
	{"tax identifications", taxIdentifications, false},
	{"bankident", bankident, false},
	{"bank says no", bankSaysNo, false},
	{"identity data", identityData, false},
	{"fraud", fraud, false},
	{"signer in trouble", signerInTrouble, false},
	{"too late to sign", tooLate, false},
}

// inOrder runs steps until one fails.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// identified makes a person and an identification.
func (s *stage) identified(first string) (i *ident, err error) {
	p, err := s.createPerson(first, true)
	if err != nil {
		return nil, err
	}
	return s.createIdent(p, true)
}

// requested makes one and requests it.
func (s *stage) requested(first string) (*ident, error) {
	i, err := s.identified(first)
	if err != nil {
		return nil, err
	}
	return i, s.request(i)
}

const byHand = "X-MANUALTEST-HAPPYPATH"

func success(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.patchPerson(i.person) },
		func() error { return s.choose(i, "SUCCESS_DATA_CHANGED", "") },
		func() error { return s.look(i) },
	)
}

func secondAttempt(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.choose(i, "ABORTED", "TECH_VIDEO") },
		func() error { return s.request(i) },
		func() error { return s.choose(i, "CANCELED", "") },
		func() error { return s.request(i) },
		func() error { return s.choose(i, "SUCCESS", "") },
	)
}

func robot(s *stage) error {
	i, err := s.requested("X-AUTOTEST-FRAUDOK")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.advance("5m") },
		func() error { return s.look(i) },
	)
}

func subscription(s *stage) error {
	h, err := s.subscribe("IDENTIFICATION")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { _, err := s.identified(byHand); return err },
		func() error { return s.advance("1ms") },
		func() error { return s.replay(h) },
		func() error { return s.advance("1s") },
		func() error { return s.unsubscribe(h) },
	)
}

// replay has every notification of a subscription sent once more.
func (s *stage) replay(h *hook) error {
	a, err := s.get("/v1/webhooks/" + h.id + "/deliveries")
	if err != nil {
		return err
	}
	var list []struct{ ID string }
	if e := json.Unmarshal(a.body, &list); e != nil || len(list) == 0 {
		return s.unexpected("list the deliveries", a)
	}
	for _, n := range list {
		if _, err := s.w.command(s.p, "webhook", "replay", n.ID, "--json"); err != nil {
			return err
		}
	}
	return nil
}

func refusedRequest(s *stage) error {
	i, err := s.identified("X-AUTOTEST-UNHEARD-OF")
	if err != nil {
		return err
	}
	return s.request(i, 400)
}

// fault makes the provider misbehave at calls with the path in them, until cleared.
func (s *stage) fault(mode, path string) error {
	return s.w.steer(s.p, "POST", "/faults", object{"mode": mode, "path": path}, nil)
}

func (s *stage) clear() error { return s.w.steer(s.p, "DELETE", "/faults", nil, nil) }

// tell ends the session at the provider; nobody waits for what comes of it.
func (s *stage) tell(i *ident, result string) error {
	return s.w.steer(s.p, "POST", "/sessions/"+i.id+"/result", object{"result": result}, nil)
}

func providerInTrouble(s *stage) error {
	i, err := s.identified(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.fault("html", i.id+"/start") },
		func() error { return s.request(i, 502) },
		s.clear,
		func() error { return s.advance("10s") },
		func() error { return s.look(i) },
	)
}

func deafAfterPush(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.fault("refuse", i.id) },
		func() error { return s.tell(i, "ABORTED") },
		func() error { return s.advance("3s") },
		s.clear,
		func() error { return s.advance("20s") },
	)
}

func polls(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.advance("17m") },
		func() error { return s.fault("refuse", i.id) },
		func() error { return s.advance("1h") },
		s.clear,
	)
}

// tooEarly: the provider takes the order and its answer is lost; so its result
// comes before we know of the session, and the order is taken back meanwhile.
func tooEarly(s *stage) error {
	i, err := s.identified(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.fault("half", i.id+"/start") },
		func() error { return s.request(i, 502) },
		func() error { return s.fault("refuse", i.id+"/start") },
		func() error { return s.tell(i, "ABORTED") },
		func() error { return s.advance("4h") },
		s.clear,
		func() error { return s.request(i) },
	)
}

const almostALink = "335h59m50s" // 14 days but 10 seconds

func expiry(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.advance("336h1s") },
		func() error { return s.look(i) },
	)
}

// expiryWhileRequested: the order of a second attempt is under way, its answer
// is lost and so is the push of its result, when the link ends.
func expiryWhileRequested(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.choose(i, "ABORTED", "") },
		func() error { return s.advance(almostALink) },
		func() error { return s.fault("half", i.id+"/start") },
		func() error { return s.request(i, 502) },
		func() error { return s.w.steer(s.p, "POST", "/pushes", object{"drop": 1}, nil) },
		func() error { return s.tell(i, "ABORTED") },
		func() error { return s.fault("html", i.id+"/start") },
		func() error { return s.advance("12s") },
		s.clear,
		func() error { return s.advance("10m") },
		func() error { return s.look(i) },
	)
}

// expiryWithoutProvider: it is asked every hour for two days, and then no more.
func expiryWithoutProvider(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.advance(almostALink) },
		func() error { return s.fault("refuse", i.id) },
		func() error { return s.advance("50h") },
		s.clear,
		func() error { return s.look(i) },
	)
}

func lateEvidence(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.fault("refuse", i.id+".zip") },
		func() error { return s.choose(i, "SUCCESS", "") },
		func() error { return s.advance("90s") },
		s.clear,
		func() error { return s.advance("10m") },
		func() error { return s.look(i) },
	)
}

// sweep leaves what a crash leaves: a file without a row, and half of one. They
// are old already.
func sweep(s *stage) error {
	plain := []byte("the bytes of " + s.name)
	sum := sha256.Sum256(plain)
	name := hex.EncodeToString(sum[:])
	root := filepath.Join(s.w.data, "documents")
	if err := os.MkdirAll(filepath.Join(root, name[:2]), 0o700); err != nil {
		return err
	}
	for _, path := range []string{filepath.Join(root, name[:2], name), filepath.Join(root, "new", name)} {
		if err := os.WriteFile(path, plain, 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(path, longAgo, longAgo); err != nil {
			return err
		}
	}
	return s.advance("25h")
}

// pausedSubscription: a partner whose receiver is deaf until the subscription
// is paused, and then hears again.
func pausedSubscription(s *stage) error {
	deaf, err := s.bank("deaf")
	if err != nil {
		return err
	}
	if _, err := s.w.command(s.p, "partner", "set", deaf.partner.ClientID, "--greeting", "Deaf", "--json"); err != nil {
		return err
	}
	h, err := deaf.subscribe("IDENTIFICATION")
	if err != nil {
		return err
	}
	s.w.receiver.refuse(h.path, true)
	defer s.w.receiver.refuse(h.path, false)
	return inOrder(
		func() error { _, err := deaf.identified(byHand); return err },
		func() error { return s.advance("200h") },
		func() error { _, err := deaf.identified(byHand); return err },
		func() error { // one that was put off at the moment of the pause is due again
			return s.w.elsewhere(func(tx kyc.Tx) error { return tx.Jobs().Park(h.id, false) })
		},
		func() error { return s.advance("1s") },
		func() error {
			s.w.receiver.refuse(h.path, false)
			_, err := s.w.command(s.p, "webhook", "resume", h.id, "--json")
			return err
		},
		func() error { return s.advance("1s") },
	)
}

// bank makes another partner.
func (s *stage) bank(name string) (*stage, error) {
	out, err := s.w.command(s.p, "partner", "create", "--name", name, "--json")
	if err != nil {
		return nil, err
	}
	var partner sandbox.Credentials
	if err := json.Unmarshal(out, &partner); err != nil {
		return nil, err
	}
	other := s.w.client(fmt.Sprintf("%s-%d", name, s.w.next()), false)
	other.partner = partner
	return &stage{other, s.p}, nil
}

// doneByOthers puts in what a node finds when another was quicker: the start of
// a session that runs, the delivery of a notification that is gone.
func doneByOthers(s *stage) error {
	i, err := s.requested(byHand)
	if err != nil {
		return err
	}
	gone := fmt.Sprintf("gone-%s-%d", s.name, s.w.next())
	s.w.note(func() { s.w.provoked[gone] = true })
	err = s.w.put(kyc.Job{Kind: kyc.Deliver, Key: gone}, kyc.Job{Kind: kyc.StartSession, Key: i.id})
	if err != nil {
		return err
	}
	return s.advance("1s")
}
