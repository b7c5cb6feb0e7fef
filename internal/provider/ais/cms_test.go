package ais

import (
	"bytes"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	sim "github.com/identikit/identikit/internal/sim/ais"
)

// inMemory is a client that calls the handler without a network.
func inMemory(h http.Handler) *http.Client { return &http.Client{Transport: direct{h}} }

type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// TestEveryByteCounts: a signature of which any byte was changed is none,
// but for bytes that nobody signs: those do not make it one of anything else.
func TestEveryByteCounts(t *testing.T) {
	s := newStudio(t).sign(t, "order-1", "Anna", "Muster")
	digest := s.order.Documents[0].SHA512
	whole, err := checkCMS(s.cms, digest, s.trusted)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for n := range s.cms {
		changed := bytes.Clone(s.cms)
		changed[n] ^= 0x01
		c, err := checkCMS(changed, digest, s.trusted)
		if err != nil {
			continue
		}
		accepted++
		if !bytes.Equal(c.signer.Raw, whole.signer.Raw) || !c.at.Equal(whole.at) {
			t.Errorf("byte %d makes it the signature of %s at %s", n, c.signer.Subject, c.at)
		}
	}
	if accepted > len(s.cms)/20 {
		t.Errorf("%d of %d bytes may be changed", accepted, len(s.cms))
	}
	other := sha512.Sum512([]byte("another document"))
	if _, err := checkCMS(s.cms, other[:], s.trusted); err == nil {
		t.Error("it is accepted for another document")
	}
	if _, err := checkCMS(s.cms, digest, x509.NewCertPool()); err == nil {
		t.Error("it is accepted though nobody is trusted")
	}
	if _, err := checkCMS(append(bytes.Clone(s.cms), 0), digest, s.trusted); err == nil {
		t.Error("something after the signature is accepted")
	}
}

// TestNested: values in values in values are refused before the library reads them.
func TestNested(t *testing.T) {
	nested := []byte{0x30, 0x00}
	for range maxDepth {
		outer, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: nested})
		if err != nil {
			t.Fatal(err)
		}
		if !shallow(nested, maxDepth) {
			t.Fatal("refused too early")
		}
		nested = outer
	}
	if shallow(nested, maxDepth) || shallow([]byte{0x30, 0x80, 0, 0}, maxDepth) {
		t.Error("deep values, or lengths that are not told, are taken")
	}
}

// TestNames: what is sent is read by the other side as it was meant, and the
// certificate's name is compared as people do; another name does not fit.
func TestNames(t *testing.T) {
	studio := newStudio(t)
	for n, c := range []struct{ first, last, other string }{
		{"Anna", "Muster", "Master"}, {"Žofia  Ł.", "Ünal-Ødegård", "Unal"}, {`O"Brien, c=CH`, `A+B;C<D>E=F\G`, "x"}, {"#Jean", "  d'Arc  ", "Arc"},
		{"李", "小龍", "小"}, {strings.Repeat("Anna ", 13) + "x", strings.Repeat("Muster ", 12), "Muster"}, {"cn=Other", "\\", "/"},
	} {
		s := studio.sign(t, fmt.Sprintf("order-%d", n), c.first, c.last)
		signature, err := checkCMS(s.cms, s.order.Documents[0].SHA512, s.trusted)
		if err != nil {
			t.Errorf("%q: %v", c, err)
			continue
		}
		if got := signature.signer.Subject.CommonName; !strings.HasPrefix(got, tidy(c.first)[:1]) || len([]rune(got)) > maxName {
			t.Errorf("%q is %q", c, got)
		}
		s.order.Person.Set("last_name", c.other)
		other := handle{Order: s.order.ID, Subject: subjectOf(s.order, "DE").hash(s.order.ID)}
		if other.fits(signature.signer) {
			t.Errorf("%q fits the certificate of %q", c.other, c.last)
		}
	}
}

// studio is a simulator with a signer that calls it.
type studio struct {
	firm   *sim.Server
	signer provider.Signer
	now    time.Time
}

func newStudio(t testing.TB) *studio {
	t.Helper()
	s := &studio{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	s.firm, err = sim.New(sim.Config{Customer: "bank", Plain: true, ConsentURL: "https://consent.example", Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	s.signer = New(Config{
		URL: "http://localhost/AIS-Server/rs/v1.0", Identity: "bank:" + sim.DefaultEntity, Jurisdiction: "DE", TrustedCAs: s.firm.TrustedCAs(), HTTP: inMemory(s.firm.API()),
	}).Signer
	return s
}

// sample is a signature, and all that is needed to check it.
type sample struct {
	trusted *x509.CertPool
	handle  handle
	order   provider.SigningOrder
	body    []byte // of the answer
	cms     []byte
}

// sign has a document signed in a person's name.
func (st *studio) sign(t testing.TB, id, first, last string) sample {
	t.Helper()
	sum := sha512.Sum512([]byte("document"))
	s := sample{trusted: st.firm.TrustedCAs(), order: provider.SigningOrder{
		ID: id, Identification: "ident-1", Phone: "+4915112345678", Message: "x", Documents: []provider.Digest{{ID: "doc", SHA512: sum[:]}},
		Person: kyc.Attributes{"first_name": first, "last_name": last},
	}}
	session, err := st.signer.Sign(t.Context(), s.order)
	if err != nil {
		t.Fatalf("%q %q: %v", first, last, err)
	}
	if err := st.firm.SetResult(t.Context(), id, "success"); err != nil {
		t.Fatal(err)
	}
	st.now = st.now.Add(time.Minute)
	signed, err := st.signer.Ask(t.Context(), session.Handle)
	if err != nil {
		t.Fatalf("%q %q: %v", first, last, err)
	}
	if s.handle, err = openHandle(session.Handle); err != nil {
		t.Fatal(err)
	}
	s.body, s.cms = signed.Raw, signed.CMS["doc"]
	return s
}
