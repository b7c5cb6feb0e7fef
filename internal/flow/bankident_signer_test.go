package flow_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestGuessing: 200 guesses at once, and of them five are looked at in all.
func TestGuessing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		c.tell(bankConfirmed)
		if _, err := c.authorize(); err != nil {
			t.Fatal(err)
		}
		for range 5 { // waves: those who come while one is looked at are sent away
			var all sync.WaitGroup
			for n := range 40 {
				all.Go(func() {
					if _, err := c.confirm(strconv.Itoa(100000 + n)); err == nil {
						t.Error("a wrong password was taken")
					}
				})
			}
			all.Wait()
		}
		for range kyc.OTPTries {
			_, _ = c.confirm("000000") // until there is no try left
		}
		if n := c.signer.guesses.Load(); n != kyc.OTPTries {
			t.Errorf("%d guesses were looked at, want %d", n, kyc.OTPTries)
		}
		_, err := c.confirm(rightPassword)
		refused(t, err, kyc.Forbidden, "invalid_tan")
		c.expect(kyc.ConfirmationRequired, "", kyc.DocumentQES)
		if _, err := c.authorize(); err != nil { // a new password is a new chance
			t.Fatal(err)
		}
		if i, err := c.confirm(rightPassword); err != nil || i.State != kyc.Confirmed {
			t.Errorf("%s %v", i.State, err)
		}
	})
}

// TestOnlyOneWins: of many who confirm at once, one does, and the signer hears of one.
func TestOnlyOneWins(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		c.tell(bankConfirmed)
		if _, err := c.authorize(); err != nil {
			t.Fatal(err)
		}
		var won atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := c.confirm(rightPassword)
				switch {
				case err == nil:
					won.Add(1)
				case !kyc.IsKind(err, kyc.Conflict) && !kyc.IsKind(err, kyc.PreconditionFailed):
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || c.signer.guesses.Load() != 1 {
			t.Errorf("%d won with %d passwords looked at", won.Load(), c.signer.guesses.Load())
		}
	})
}

// TestSignerEnds: what a signer can say instead of signing.
func TestSignerEnds(t *testing.T) {
	for name, c := range map[string]struct {
		ends      kyc.Event
		confirmed bool
		state     kyc.State
		reason    string
	}{
		"cancelled before":   {kyc.AttemptOver, false, kyc.ConfirmationRequired, ""},
		"another person":     {kyc.SigningFailed, false, kyc.Failed, "signing_failed"},
		"trouble after that": {kyc.AttemptOver, true, kyc.Failed, "signing_failed"},
		"refused after that": {kyc.SigningFailed, true, kyc.Failed, "signing_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
			d.tell(bankConfirmed)
			if _, err := d.authorize(); err != nil {
				t.Fatal(err)
			}
			if c.confirmed {
				if _, err := d.confirm(rightPassword); err != nil {
					t.Fatal(err)
				}
			}
			d.signer.ends = c.ends
			d.run(20 * time.Second)
			d.expect(c.state, c.reason, kyc.DocumentQES)
			if c.state == kyc.ConfirmationRequired {
				_, err := d.confirm(rightPassword)
				refused(t, err, kyc.Forbidden, "invalid_tan")
				d.signer.ends = ""
				if _, err := d.authorize(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestGuessingAtSeveral: the phone's tries are counted before a password is looked
// at, so that guessing at several identifications at once gives no more of them.
func TestGuessingAtSeveral(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		all := []string{c.ident, c.create(kyc.MethodBank), c.create(kyc.MethodBank)}
		for _, c.ident = range all {
			c.tell(bankConfirmed)
			if _, err := c.authorize(); err != nil {
				t.Fatal(err)
			}
		}
		wrong := func(to int) (was int) {
			err := c.Store.Tx(t.Context(), func(tx kyc.Tx) error {
				m, _, err := tx.MobileNumbers().OfPerson(c.person)
				if was = m.Wrong; err != nil || to < 0 {
					return err
				}
				m.Wrong, m.WrongSince = to, time.Now()
				return tx.MobileNumbers().Update(m)
			})
			if err != nil {
				t.Fatal(err)
			}
			return was
		}
		wrong(kyc.WrongPasswords - 1)
		var group sync.WaitGroup
		for _, ident := range all {
			group.Go(func() {
				if _, err := c.Confirm(t.Context(), c.partner.ID, c.person, ident, map[string]any{"token": "000000"}); err == nil {
					t.Error("a wrong password was taken")
				}
			})
		}
		group.Wait()
		if n := c.signer.guesses.Load(); n != 1 || wrong(-1) != kyc.WrongPasswords {
			t.Errorf("%d guesses were looked at, %d counted", n, wrong(-1))
		}
		wrong(7)
		if _, err := c.confirm(rightPassword); err != nil {
			t.Fatal(err)
		}
		if n := wrong(-1); n != 7 {
			t.Errorf("a right password is counted: %d", n)
		}
	})
}

// TestStampedAtAnotherTime: a time stamp cannot choose a time at which somebody was
// trusted who is not any more.
func TestStampedAtAnotherTime(t *testing.T) {
	for name, off := range map[string]time.Duration{"before": -time.Hour, "to come": time.Hour} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
			c.tell(bankConfirmed)
			if _, err := c.authorize(); err != nil {
				t.Fatal(err)
			}
			c.signer.stamped = c.clock.Now().Add(off)
			if _, err := c.confirm(rightPassword); err != nil {
				t.Fatal(err)
			}
			c.run(10 * time.Second)
			c.expect(kyc.Confirmed, "", kyc.DocumentQES)
		})
	}
}

// TestSignerInTroubleForGood: whoever has confirmed waits for a signer in trouble,
// but not for ever.
func TestSignerInTroubleForGood(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	c.signer.garbled = true
	if _, err := c.confirm(rightPassword); err != nil {
		t.Fatal(err)
	}
	c.run(48 * time.Hour)
	c.expect(kyc.Confirmed, "", kyc.DocumentQES)
	c.run(25 * time.Hour)
	c.expect(kyc.Failed, "signing_failed", kyc.DocumentQES)
}

// TestConsentOnTheSignersPage: a customer who confirms there is confirmed here.
func TestConsentOnTheSignersPage(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if err := c.signer.Confirm(t.Context(), c.signer.handle, rightPassword); err != nil { // as its page does
		t.Fatal(err)
	}
	c.run(20 * time.Second)
	c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
}

// TestMistypedAfterConsent: who has confirmed on the signer's page, and then gives a
// wrong password here, has confirmed all the same.
func TestMistypedAfterConsent(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if err := c.signer.Confirm(t.Context(), c.signer.handle, rightPassword); err != nil { // as its page does
		t.Fatal(err)
	}
	_, err := c.confirm("000000")
	refused(t, err, kyc.Forbidden, "invalid_tan")
	c.run(20 * time.Second)
	c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
}

// TestAuthorizeWhileConfirming: there is no new password while one is looked at. The
// signatures are those of the attempt that was confirmed, and nobody would ask for them.
func TestAuthorizeWhileConfirming(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		c.tell(bankConfirmed)
		if _, err := c.authorize(); err != nil {
			t.Fatal(err)
		}
		c.signer.during = func() {
			_, err := c.authorize()
			refused(t, err, kyc.Conflict, "record_not_unique")
		}
		if _, err := c.confirm(rightPassword); err != nil {
			t.Fatal(err)
		}
		c.run(20 * time.Second)
		c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
	})
}

// TestSignerInTrouble: the partner is told, nothing has changed, and asks again.
func TestSignerInTrouble(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	c.signer.trouble = kyc.Fail(kyc.BadGateway, "bad_gateway", "down")
	_, err := c.authorize()
	refused(t, err, kyc.BadGateway, "bad_gateway")
	c.expect(kyc.AuthorizationRequired, "", kyc.DocumentQES)
	c.signer.trouble = nil
	if _, err := c.authorize(); err != nil {
		t.Error(err)
	}
}

// TestSignerAway: a customer who has confirmed waits two days for a signer that
// cannot be asked, and not for ever.
func TestSignerAway(t *testing.T) {
	for _, back := range []bool{true, false} {
		c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
		c.tell(bankConfirmed)
		if _, err := c.authorize(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.confirm(rightPassword); err != nil {
			t.Fatal(err)
		}
		c.signer.away = kyc.Fail(kyc.BadGateway, "bad_gateway", "down")
		c.run(47 * time.Hour)
		c.expect(kyc.Confirmed, "", kyc.DocumentQES)
		if back {
			c.signer.away = nil
			c.run(time.Hour)
			c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
			continue
		}
		c.run(2 * time.Hour)
		c.expect(kyc.Failed, "signing_failed", kyc.DocumentQES)
	}
}

// TestMessagesOfTheSigner: the signer's messages count, 60 to a number within an hour.
func TestMessagesOfTheSigner(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	const left = 3
	err := c.Store.Tx(t.Context(), func(tx kyc.Tx) error { // what was asked for before, by whomever
		for range kyc.MessagesPerHour - left {
			err := tx.Signings().Insert(kyc.Signing{
				ID: id.Random(id.Plain), PartnerID: "another", PersonID: "another", IdentificationID: "another", State: kyc.SigningOver,
				Number: "+4915112345678", Facts: []byte{1}, AskedAt: time.Now(), Version: 1,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range left {
		if _, err := c.authorize(); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
	}
	_, err = c.authorize()
	refused(t, err, kyc.TooMany, "too_many_requests")
	if len(c.signer.orders) != left {
		t.Errorf("%d orders", len(c.signer.orders))
	}
}

// TestMessagesToTheTestNumber: all persons of a sandbox share it, so each has the
// whole hour's; anywhere else it is one phone.
func TestMessagesToTheTestNumber(t *testing.T) {
	const left = 5
	for _, sandbox := range []bool{true, false} {
		c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
		c.Sandbox = sandbox
		err := c.Store.Tx(t.Context(), func(tx kyc.Tx) error {
			m, _, err := tx.MobileNumbers().OfPerson(c.person)
			if err != nil {
				return err
			}
			if err := tx.MobileNumbers().Delete(c.person); err != nil {
				return err
			}
			m.Number = "+15550101"
			for n := range kyc.MessagesPerHour - left {
				to := c.person
				if n < 3 {
					to = "another"
				}
				err := tx.Messages().Insert(kyc.Message{
					ID: id.Random(id.Plain), PartnerID: m.PartnerID, PersonID: to, Number: m.Number, Sealed: []byte{1}, State: kyc.MessageSent,
					CreatedAt: tx.Now(), QueuedAt: time.Now(), ExpiresAt: tx.Now(),
				})
				if err != nil {
					return err
				}
			}
			return tx.MobileNumbers().Insert(m)
		})
		if err != nil {
			t.Fatal(err)
		}
		c.tell(bankConfirmed)
		most := left
		if sandbox {
			most += 3
		}
		for n := range most {
			if _, err := c.authorize(); err != nil {
				t.Fatalf("%d: %v", n, err)
			}
		}
		_, err = c.authorize()
		refused(t, err, kyc.TooMany, "too_many_requests")
	}
}

// TestSignerInTroubleAgain: an authorization that comes to nothing leaves the
// password before it good.
func TestSignerInTroubleAgain(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		c.tell(bankConfirmed)
		first, err := c.authorize()
		if err != nil {
			t.Fatal(err)
		}
		c.signer.trouble = kyc.Fail(kyc.BadGateway, "bad_gateway", "down")
		_, err = c.authorize()
		refused(t, err, kyc.BadGateway, "bad_gateway")
		i := c.expect(kyc.ConfirmationRequired, "", kyc.DocumentQES)
		if i.ReferenceToken != first.ReferenceToken || !i.ConfirmationExpiresAt.Equal(first.ConfirmationExpiresAt) {
			t.Errorf("%+v", i)
		}
		if _, err := c.confirm(rightPassword); err != nil {
			t.Fatal(err)
		}
		c.run(20 * time.Second)
		c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
	})
}

// TestSignerWithoutEnd: a signer that has the password and never signs is given up,
// however often it gives another handle.
func TestSignerWithoutEnd(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.confirm(rightPassword); err != nil {
		t.Fatal(err)
	}
	c.signer.endless = 1
	c.run(65 * time.Minute)
	c.expect(kyc.Confirmed, "", kyc.DocumentQES)
	c.run(5 * time.Minute)
	c.expect(kyc.Failed, "signing_failed", kyc.DocumentQES)
}

// TestNumberReplaced: what was sent to a phone that is not the person's any more
// confirms nothing.
func TestNumberReplaced(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	change := func(fn func(kyc.Tx) error) {
		t.Helper()
		if err := c.Store.Tx(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
		_, err := c.confirm(rightPassword)
		refused(t, err, kyc.Forbidden, "invalid_tan")
	}
	change(func(tx kyc.Tx) error { return tx.MobileNumbers().Delete(c.person) })
	_, err := c.authorize()
	refused(t, err, kyc.PreconditionFailed, "mobile_number_not_verified")
	change(func(tx kyc.Tx) error {
		return tx.MobileNumbers().Insert(kyc.MobileNumber{
			ID: id.Random(id.MobileNumber), PartnerID: c.partner.ID, PersonID: c.person, Number: "+4915187654321", Verified: true, CreatedAt: tx.Now(), Version: 1,
		})
	})
	if n := c.signer.guesses.Load(); n != 0 {
		t.Errorf("%d passwords were handed over", n)
	}
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if i, err := c.confirm(rightPassword); err != nil || i.State != kyc.Confirmed {
		t.Errorf("%s %v", i.State, err)
	}
}

// TestExpiryWhileConfirming: a password that was given in time counts, though the
// time runs out while the signer looks at it.
func TestExpiryWhileConfirming(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		c.tell(bankConfirmed)
		c.run(5 * time.Minute)
		i, err := c.authorize()
		if err != nil {
			t.Fatal(err)
		}
		c.run(i.AuthorizationExpiresAt.Sub(c.clock.Now()) - time.Second)
		c.signer.during = func() {
			c.run(20 * time.Second)
			c.expect(kyc.ConfirmationRequired, "", kyc.DocumentQES)
		}
		if i, err = c.confirm(rightPassword); err != nil || i.State != kyc.Confirmed {
			t.Fatalf("%s %v", i.State, err)
		}
		c.run(20 * time.Second)
		c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
	})
}

// TestConfirmWhileAuthorizing: nothing is confirmed while a new password is on its
// way: the one before is about to be replaced.
func TestConfirmWhileAuthorizing(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	c.signer.asking = func() {
		_, err := c.confirm(rightPassword)
		refused(t, err, kyc.Conflict, "record_not_unique")
	}
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if i, err := c.confirm(rightPassword); err != nil || i.State != kyc.Confirmed {
		t.Errorf("%s %v", i.State, err)
	}
}

// TestMessagesAtOnce: nor is there a sixty-first by asking for several at a time.
func TestMessagesAtOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		all := []string{c.ident, c.create(kyc.MethodBank), c.create(kyc.MethodBank), c.create(kyc.MethodBank)}
		for _, c.ident = range all {
			c.tell(bankConfirmed)
		}
		const left = 6
		err := c.Store.Tx(t.Context(), func(tx kyc.Tx) error {
			for range kyc.MessagesPerHour - left {
				m := kyc.Message{ID: id.Random(id.Plain), PartnerID: c.partner.ID, PersonID: c.person, Number: "+4915112345678", Sealed: []byte("x"), State: kyc.MessageSent, QueuedAt: time.Now()}
				if err := tx.Messages().Insert(m); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for _, ident := range all {
			group.Go(func() {
				for {
					_, err := c.Authorize(t.Context(), c.partner.ID, c.person, ident)
					if kyc.IsKind(err, kyc.TooMany) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		if n := len(c.signer.orders); n != left {
			t.Errorf("%d messages were sent, want %d", n, left)
		}
	})
}

// TestSignerTooSlow: the partner is told to read the identification; the call goes
// on, and to authorize again meanwhile is refused.
func TestSignerTooSlow(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	c.RequestDeadline = time.Millisecond
	begun, answer := make(chan struct{}), make(chan struct{})
	c.signer.asking = func() { close(begun); <-answer }
	_, err := c.authorize()
	<-begun
	refused(t, err, kyc.Timeout, "gateway_timeout")
	if err == nil || !strings.Contains(err.Error(), "read the identification") {
		t.Errorf("%v", err)
	}
	_, err = c.authorize()
	refused(t, err, kyc.Conflict, "record_not_unique")
	close(answer)
	c.WaitForStarts()
	c.RequestDeadline = time.Minute
	c.expect(kyc.ConfirmationRequired, "", kyc.DocumentQES)
	if i, err := c.confirm(rightPassword); err != nil || i.State != kyc.Confirmed {
		t.Errorf("%s %v", i.State, err)
	}
}

// panicking is a signer whose adapter has a mistake.
type panicking struct{ provider.Signer }

func (panicking) Sign(context.Context, provider.SigningOrder) (provider.SigningSession, error) {
	panic("a mistake")
}

// TestPanicAtTheSigner: it is one partner's error, and not the end of the server.
func TestPanicAtTheSigner(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.tell(bankConfirmed)
	signer := c.Signer.Signer
	c.Signer.Signer = panicking{}
	if _, err := c.authorize(); err == nil || kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("%v", err)
	}
	c.Signer.Signer = signer
	c.expect(kyc.AuthorizationRequired, "", kyc.DocumentQES)
}
