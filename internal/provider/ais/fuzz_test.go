package ais

import (
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// FuzzAnswer: whatever the firm answers, it is read or refused, and what is
// taken for a signature has one of each document.
func FuzzAnswer(f *testing.F) {
	s := newStudio(f).sign(f, "order-1", "Anna", "Muster")
	pending := `{"SignResponse":{"@RequestID":"order-1","Result":{"ResultMajor":"` + majorPending + `"},"OptionalOutputs":{"async.ResponseID":"r","sc.StepUpAuthorisationInfo":{"sc.Result":{"sc.ConsentURL":"https://x.example/"}}}}}`
	for _, seed := range []string{
		string(s.body), pending, strings.Replace(pending, majorPending, majorSubsystem, 1), "{}", "[", `{"SignResponse":[{"Result":[]}]}`,
		strings.Replace(string(s.body), base64.StdEncoding.EncodeToString(s.cms), base64.StdEncoding.EncodeToString(s.cms[:len(s.cms)-1]), 1),
	} {
		f.Add([]byte(seed))
	}
	a := &account{Config: Config{TrustedCAs: s.trusted}}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readAnswer(body)
		if err != nil {
			if !kyc.IsKind(err, kyc.BadGateway) {
				t.Errorf("%v", err)
			}
			return
		}
		h := s.handle
		if got.pending() && h.take(got) == nil {
			text, err := h.encode()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := openHandle(text); err != nil || again.Response != h.Response || again.Consent != h.Consent {
				t.Errorf("%s: %+v, %v", text, again, err)
			}
		}
		var out provider.Signature
		switch err := a.readSignatures(&out, h, got); {
		case err == nil && (len(out.CMS) != 1 || len(out.CMS["doc"]) == 0 || out.At.IsZero()):
			t.Errorf("%+v", out)
		case err != nil && (len(out.CMS) != 0 || !kyc.IsKind(err, kyc.BadGateway)):
			t.Errorf("%v", err)
		}
		if len(got.result()) > 200 {
			t.Errorf("%q", got.result())
		}
	})
}

// FuzzCMS: no bytes but the firm's own are a signature of the document. Those
// that nobody signed (unsigned attributes, more certificates) may differ.
func FuzzCMS(f *testing.F) {
	s := newStudio(f).sign(f, "order-1", "Anna", "Muster")
	f.Add(s.cms)
	f.Add(s.cms[:100])
	f.Add([]byte{0x30, 0x80, 0, 0})
	digest := s.order.Documents[0].SHA512
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := checkCMS(der, digest, s.trusted)
		if err != nil {
			return
		}
		if !s.handle.fits(c.signer) || c.at.IsZero() {
			t.Errorf("%s signs at %s", c.signer.Subject, c.at)
		}
		var other [sha512.Size]byte
		if _, err := checkCMS(der, other[:], s.trusted); err == nil {
			t.Error("the signature is of every document")
		}
	})
}
