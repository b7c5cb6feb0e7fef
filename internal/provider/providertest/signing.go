package providertest

import (
	"bytes"
	"context"
	"crypto/sha512"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// SigningFirm is an adapter to a signer and the simulator that it speaks to.
type SigningFirm interface {
	Signing() provider.Signing
	// Order is a good order of this id; the case adds the documents.
	Order(id string) provider.SigningOrder
	// Texts are all text messages that went to the customer for the order, in full.
	Texts(id string) []string
	// Results are all words that the firm has for the end of an attempt without a signature.
	Results() map[string]kyc.Event
	// Troubles are those that say nothing about the attempt: asking is kyc.BadGateway.
	Troubles() []string
	// Refusals are all words by which an order is not taken, with the kind of the error.
	Refusals() map[string]kyc.Kind
	// End ends an attempt with one of the words, or with Signed as if the customer had confirmed.
	End(id, word string) error
	// Refuse makes the firm answer the next order with the word.
	Refuse(word string)
	// Late makes the firm tell the next consent URL later.
	Late()
	// Flaws are what can be wrong with a signature; Spoil makes it so with those of the next order.
	Flaws() []string
	Spoil(flaw string)
	Misbehave(how Misbehaviour, calls int)
	Behave()
	// Restart stops the simulator and starts it again on what it had kept.
	Restart()
}

// Signed is the word of SigningFirm.End for a customer's yes.
const Signed = "signed"

// RunSigning runs the contract of signers. build makes the adapter and its
// simulator in the world; what it starts ends with the world's test.
func RunSigning(t *testing.T, build func(World) SigningFirm) {
	for name, c := range signingCases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(today))
				w := World{T: t, Net: newNet(t), Now: time.Now}
				firm := build(w)
				c(&counter{T: t, Firm: firm, Signing: firm.Signing()})
			})
		})
	}
}

var signingCases = map[string]func(*counter){
	"SignOne":         func(c *counter) { c.signs(1) },
	"SignSeveral":     func(c *counter) { c.signs(3) },
	"Pending":         pendingSigning,
	"LateConsentURL":  lateConsent,
	"Again":           orderedAgain,
	"Password":        passwords,
	"GuessesAtOnce":   guessesAtOnce,
	"PasswordExpires": passwordExpires,
	"SigningResults":  signingResults,
	"Troubles":        signingTroubles,
	"NotTaken":        notTaken,
	"Spoilt":          spoilt,
	"SignerDown":      signerDown,
	"SignerSlow":      signerSlow,
	"SignerNonsense":  signerNonsense,
	"Restart":         restart,
	"ForeignHandles":  foreignHandles,
}

// counter is who uses the signer.
type counter struct {
	*testing.T
	Firm    SigningFirm
	Signing provider.Signing
}

// attempt is one attempt to sign.
type attempt struct {
	order provider.SigningOrder
	provider.SigningSession
}

// order makes an order of so many documents.
func (c *counter) order(id string, documents int) provider.SigningOrder {
	o := c.Firm.Order(id)
	for n := range documents {
		sum := sha512.Sum512([]byte(id + strings.Repeat("x", n)))
		o.Documents = append(o.Documents, provider.Digest{ID: "doc-" + strings.Repeat("i", n+1), SHA512: sum[:]})
	}
	return o
}

// begin orders signatures, which must be accepted.
func (c *counter) begin(id string, documents int) *attempt {
	c.Helper()
	a := &attempt{order: c.order(id, documents)}
	var err error
	if a.SigningSession, err = c.Signing.Signer.Sign(c.Context(), a.order); err != nil || a.Handle == "" {
		c.Fatalf("sign: %+v, %v", a.SigningSession, err)
	}
	return a
}

// waits asks about an attempt that must be waited for, and keeps its newest handle.
func (c *counter) waits(a *attempt) {
	c.Helper()
	s, err := c.Signing.Signer.Ask(c.Context(), a.Handle)
	if !errors.Is(err, provider.ErrNoResult) || s.Handle == "" || s.Event != "" {
		c.Fatalf("ask: %s, %v", s.Event, err)
	}
	a.Handle, a.ConsentURL = s.Handle, s.ConsentURL
}

// ends asks about an attempt that must have come to an end.
func (c *counter) ends(a *attempt, want kyc.Event) provider.Signature {
	c.Helper()
	s, err := c.Signing.Signer.Ask(c.Context(), a.Handle)
	if err != nil || s.Event != want || s.Result == "" || len(s.Raw) == 0 {
		c.Fatalf("ask: event %s, result %q, %v; want %s", s.Event, s.Result, err, want)
	}
	return s
}

func (c *counter) end(a *attempt, word string) {
	c.Helper()
	if err := c.Firm.End(a.order.ID, word); err != nil {
		c.Fatalf("%s: %v", word, err)
	}
	c.pass(time.Minute)
}

func (c *counter) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// password is what the newest text message to the customer says at its end.
func (c *counter) password(a *attempt) string {
	c.Helper()
	all := c.Firm.Texts(a.order.ID)
	if len(all) == 0 || !strings.HasPrefix(all[len(all)-1], a.order.Message) {
		c.Fatalf("%d text messages", len(all))
	}
	words := strings.Fields(all[len(all)-1])
	return words[len(words)-1]
}

// signs: the customer confirms, and each document has its signature.
func (c *counter) signs(documents int) {
	c.Helper()
	a := c.begin("order-1", documents)
	c.waits(a)
	begun := time.Now()
	if err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, c.password(a)); err != nil {
		c.Fatal(err)
	}
	c.waits(a) // the firm takes its time
	c.pass(10 * time.Second)
	s := c.ends(a, kyc.DocumentsSigned)
	if len(s.CMS) != documents || len(s.Validation.Certificates) < 3 || len(s.Validation.OCSPs) == 0 || len(s.Validation.CRLs) == 0 {
		c.Errorf("%d signatures, %d certificates, %d OCSP answers, %d lists", len(s.CMS), len(s.Validation.Certificates), len(s.Validation.OCSPs), len(s.Validation.CRLs))
	}
	if s.At.Before(begun.Add(-time.Second)) || s.At.After(time.Now()) {
		c.Errorf("signed at %s, between %s and %s", s.At, begun, time.Now())
	}
	again := c.ends(a, kyc.DocumentsSigned)
	seen := map[string]bool{}
	for _, d := range a.order.Documents {
		if len(s.CMS[d.ID]) == 0 || !bytes.Equal(s.CMS[d.ID], again.CMS[d.ID]) || seen[string(s.CMS[d.ID])] {
			c.Errorf("%s has no signature of its own, or another one when asked again", d.ID)
		}
		seen[string(s.CMS[d.ID])] = true
	}
}

// pendingSigning: as long as nobody confirms there is nothing, however often it
// is asked; the newest handle is good, and so is the one before it.
func pendingSigning(c *counter) {
	a := c.begin("order-1", 1)
	if a.ConsentURL == "" {
		c.Error("there is no consent URL")
	}
	first, consent := a.Handle, a.ConsentURL
	for range 12 {
		before := a.Handle
		c.waits(a)
		if a.Handle == before || a.ConsentURL != consent {
			c.Errorf("handle %s, consent %s", a.Handle, a.ConsentURL)
		}
		if _, err := c.Signing.Signer.Ask(c.Context(), before); !errors.Is(err, provider.ErrNoResult) {
			c.Errorf("the handle before: %v", err)
		}
	}
	for _, secret := range []string{"Anna", "Muster", strings.TrimPrefix(a.order.Phone, "+"), c.password(a)} {
		if strings.Contains(first+a.Handle, secret) {
			c.Errorf("the handle tells %s", secret)
		}
	}
	c.end(a, Signed)
	c.ends(a, kyc.DocumentsSigned)
}

// lateConsent: the consent URL may come with a later answer.
func lateConsent(c *counter) {
	c.Firm.Late()
	a := c.begin("order-1", 1)
	if a.ConsentURL != "" {
		c.Fatal("the firm was to tell it later")
	}
	if c.waits(a); a.ConsentURL == "" {
		c.Error("it never comes")
	}
	consent := a.ConsentURL
	if c.waits(a); a.ConsentURL != consent {
		c.Error("it does not stay")
	}
}

// orderedAgain: of two orders with one id the later one counts, and the
// password of the first is worth nothing.
func orderedAgain(c *counter) {
	first := c.begin("order-1", 1)
	old := c.password(first)
	for range 5 { // by chance it may be the same
		second := c.begin("order-1", 2)
		if err := c.Signing.Confirmer.Confirm(c.Context(), first.Handle, old); !errors.Is(err, provider.ErrNoAttempt) {
			c.Errorf("the first order: %v", err)
		}
		if c.password(second) == old {
			continue
		}
		if err := c.Signing.Confirmer.Confirm(c.Context(), second.Handle, old); !errors.Is(err, provider.ErrWrongPassword) {
			c.Errorf("the first password: %v", err)
		}
		if err := c.Signing.Confirmer.Confirm(c.Context(), second.Handle, c.password(second)); err != nil {
			c.Error(err)
		}
		c.pass(time.Minute)
		if s := c.ends(second, kyc.DocumentsSigned); len(s.CMS) != 2 {
			c.Errorf("%d signatures", len(s.CMS))
		}
		return
	}
	c.Error("the password is always the same")
}

// other is a password that is not this one.
func other(password string, n int) string {
	b := []byte(password)
	b[n%len(b)] = '0' + (b[n%len(b)]-'0'+byte(1+n/len(b)))%10
	return string(b)
}

// passwords: a wrong one may be followed by the right one; five wrong ones end it.
func passwords(c *counter) {
	a, b := c.begin("order-1", 1), c.begin("order-2", 1)
	right := c.password(a)
	for n := range 4 {
		if err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, other(right, n)); !errors.Is(err, provider.ErrWrongPassword) {
			c.Errorf("wrong password %d: %v", n+1, err)
		}
	}
	for range 2 { // the answer to the first may have been lost
		if err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, right); err != nil {
			c.Errorf("the right password: %v", err)
		}
	}
	c.pass(time.Minute)
	c.ends(a, kyc.DocumentsSigned)
	right = c.password(b)
	for n := range 5 {
		if err := c.Signing.Confirmer.Confirm(c.Context(), b.Handle, other(right, n)); !errors.Is(err, provider.ErrWrongPassword) {
			c.Errorf("wrong password %d: %v", n+1, err)
		}
	}
	if err := c.Signing.Confirmer.Confirm(c.Context(), b.Handle, right); !errors.Is(err, provider.ErrNoAttempt) {
		c.Errorf("after five wrong ones: %v", err)
	}
	c.ends(b, kyc.AttemptOver)
}

// guessesAtOnce: of many guesses at once five are looked at.
func guessesAtOnce(c *counter) {
	a := c.begin("order-1", 1)
	right := c.password(a)
	var mu sync.Mutex
	wrong, over := 0, 0
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() {
			err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, other(right, n))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, provider.ErrWrongPassword):
				wrong++
			case errors.Is(err, provider.ErrNoAttempt):
				over++
			default:
				c.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if wrong != 5 || over != 45 {
		c.Errorf("%d were looked at, %d were not", wrong, over)
	}
}

// passwordExpires: what nobody confirms is over after a while.
func passwordExpires(c *counter) {
	a := c.begin("order-1", 1)
	c.pass(9 * time.Minute)
	c.waits(a)
	c.pass(time.Hour)
	if err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, c.password(a)); !errors.Is(err, provider.ErrNoAttempt) {
		c.Errorf("after an hour: %v", err)
	}
	c.ends(a, kyc.AttemptOver)
}

// signingResults: every word of the firm's becomes the event that is ours, and
// each word is told apart.
func signingResults(c *counter) {
	seen := map[string]string{}
	for word, event := range c.Firm.Results() {
		a := c.begin("order-"+word, 1)
		c.end(a, word)
		s := c.ends(a, event)
		if other, taken := seen[s.Result]; taken || len(s.CMS) != 0 {
			c.Errorf("%s and %s are both %q", word, other, s.Result)
		}
		seen[s.Result] = word
	}
}

// signingTroubles: what the customer has no part in says nothing about the attempt.
func signingTroubles(c *counter) {
	for _, word := range c.Firm.Troubles() {
		a := c.begin("order-"+word, 1)
		c.end(a, word)
		if s, err := c.Signing.Signer.Ask(c.Context(), a.Handle); !kyc.IsKind(err, kyc.BadGateway) || s.Event != "" {
			c.Errorf("%s: %s, %v", word, s.Event, err)
		}
	}
}

// notTaken: an order that is not taken says whose trouble that is.
func notTaken(c *counter) {
	for word, kind := range c.Firm.Refusals() {
		c.Firm.Refuse(word)
		_, err := c.Signing.Signer.Sign(c.Context(), c.order("order-1", 1))
		var e *kyc.Error
		if !errors.As(err, &e) || e.Kind != kind || e.Code == "" || e.Detail == "" {
			c.Errorf("%s: %v", word, err)
		}
	}
	c.begin("order-1", 1)
}

// spoilt: a signature that is not what was ordered is no signature.
func spoilt(c *counter) {
	for _, flaw := range c.Firm.Flaws() {
		for _, documents := range []int{1, 2} {
			c.Firm.Spoil(flaw)
			a := c.begin("order-"+flaw, documents)
			c.end(a, Signed)
			s, err := c.Signing.Signer.Ask(c.Context(), a.Handle)
			var e *kyc.Error
			if !errors.As(err, &e) || e.Kind != kyc.BadGateway || e.Cause == nil || s.Event != "" || len(s.CMS) != 0 {
				c.Errorf("%s of %d: %s, %v", flaw, documents, s.Event, err)
			}
		}
	}
}

// calls are the signer's calls about an attempt that is signed and an order to come.
func (c *counter) calls(a *attempt) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"sign": func(ctx context.Context) error {
			_, err := c.Signing.Signer.Sign(ctx, c.order("order-2", 1))
			return err
		},
		"ask": func(ctx context.Context) error {
			_, err := c.Signing.Signer.Ask(ctx, a.Handle)
			return err
		},
	}
}

// troubled lets the firm misbehave at every call; afterwards all goes on.
func (c *counter) troubled(how Misbehaviour, kind kyc.Kind) {
	c.Helper()
	a := c.begin("order-1", 1)
	c.end(a, Signed)
	c.Firm.Misbehave(how, 0)
	for name, call := range c.calls(a) {
		begun := time.Now()
		if err := call(c.Context()); !kyc.IsKind(err, kind) {
			c.Errorf("%s, %s: %v", how, name, err)
		}
		if took := time.Since(begun); took > 20*time.Second {
			c.Errorf("%s, %s: after %s", how, name, took)
		}
	}
	c.Firm.Behave()
	c.pass(time.Minute)
	c.ends(a, kyc.DocumentsSigned)
	b := c.begin("order-2", 1)
	c.end(b, Signed)
	c.ends(b, kyc.DocumentsSigned)
}

func signerDown(c *counter) { c.troubled(Down, kyc.BadGateway) }

// signerSlow: the adapter gives up by itself, and when it is told to.
func signerSlow(c *counter) {
	c.troubled(Slow, kyc.Timeout)
	c.Firm.Misbehave(Slow, 0)
	ctx, cancel := context.WithTimeout(c.Context(), time.Second)
	defer cancel()
	if _, err := c.Signing.Signer.Sign(ctx, c.order("order-3", 1)); !kyc.IsKind(err, kyc.Timeout) {
		c.Errorf("with a second: %v", err)
	}
	c.Firm.Behave()
}

func signerNonsense(c *counter) {
	for _, how := range []Misbehaviour{Half, HTML, Garbage, WrongTypes} {
		c.troubled(how, kyc.BadGateway)
	}
}

// restart: whenever the firm begins anew, nothing is lost.
func restart(c *counter) {
	a := c.begin("order-1", 2)
	password := c.password(a)
	c.Firm.Restart()
	c.waits(a)
	if err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, other(password, 0)); !errors.Is(err, provider.ErrWrongPassword) {
		c.Errorf("a wrong password: %v", err)
	}
	c.Firm.Restart()
	if err := c.Signing.Confirmer.Confirm(c.Context(), a.Handle, password); err != nil {
		c.Errorf("the right password: %v", err)
	}
	c.Firm.Restart()
	c.pass(time.Minute)
	signed := c.ends(a, kyc.DocumentsSigned)
	c.Firm.Restart()
	for id, der := range c.ends(a, kyc.DocumentsSigned).CMS {
		if !bytes.Equal(der, signed.CMS[id]) {
			c.Errorf("%s has another signature now", id)
		}
	}
}

// foreignHandles: what is no handle is an error and nothing else.
func foreignHandles(c *counter) {
	for _, handle := range []string{"", "{}", "[]", "null", "\x00", `{"order":1}`, strings.Repeat("[", 10000)} {
		if s, err := c.Signing.Signer.Ask(c.Context(), handle); err == nil || errors.Is(err, provider.ErrNoResult) || s.Event != "" {
			c.Errorf("%.20q: %s, %v", handle, s.Event, err)
		}
		if err := c.Signing.Confirmer.Confirm(c.Context(), handle, "123456"); err == nil {
			c.Errorf("%.20q was confirmed", handle)
		}
	}
}
