package ais

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/identikit/identikit/internal/provider"
)

// party is a certificate with its key.
type party struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// certified makes a party; without an issuer it is an authority of its own.
func certified(t *testing.T, name string, issuer *party, usage ...x509.ExtKeyUsage) *party {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: stampedAt.Add(-time.Hour), NotAfter: stampedAt.Add(time.Hour),
		IsCA: issuer == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign | x509.KeyUsageCertSign, ExtKeyUsage: usage,
	}
	p := &party{key: key}
	parent, by := template, key
	if issuer != nil {
		parent, by = issuer.Certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	if p.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return p
}

var stampedAt = time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC)

// TestRevocation: only who issued a certificate, or whom he appointed for it, can
// say that it was not revoked, and only for that time.
func TestRevocation(t *testing.T) {
	issuer, foreign := certified(t, "Issuer", nil), certified(t, "Issuer", nil)
	signer, appointed := certified(t, "Anna Muster", issuer), certified(t, "Responder", issuer, x509.ExtKeyUsageOCSPSigning)
	says := func(by *party, status int, serial int64, until time.Time) []byte {
		template := ocsp.Response{Status: status, SerialNumber: big.NewInt(serial), ThisUpdate: stampedAt.Add(-time.Minute), NextUpdate: until}
		if by != issuer && by != foreign {
			template.Certificate = by.Certificate
		}
		der, err := ocsp.CreateResponse(issuer.Certificate, by.Certificate, template, by.key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	lists := func(by *party, serial int64, until time.Time) []byte {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: stampedAt.Add(-time.Minute), NextUpdate: until,
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: stampedAt}},
		}, by.Certificate, by.key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	later, before := stampedAt.Add(time.Hour), stampedAt.Add(-time.Second)
	for name, c := range map[string]struct {
		ocsp, crl []byte
		good      bool
	}{
		"by the issuer":                    {says(issuer, ocsp.Good, 7, later), nil, true},
		"by whom it appointed":             {says(appointed, ocsp.Good, 7, later), nil, true},
		"a list of the issuer's":           {nil, lists(issuer, 8, later), true},
		"nothing":                          {nil, nil, false},
		"by the signer itself":             {says(signer, ocsp.Good, 7, later), nil, false},
		"by one of the same name":          {says(foreign, ocsp.Good, 7, later), nil, false},
		"of another certificate":           {says(issuer, ocsp.Good, 8, later), nil, false},
		"not known":                        {says(issuer, ocsp.Unknown, 7, later), nil, false},
		"too old":                          {says(issuer, ocsp.Good, 7, before), nil, false},
		"revoked":                          {says(issuer, ocsp.Revoked, 7, later), lists(issuer, 8, later), false},
		"revoked, says nobody who may":     {says(foreign, ocsp.Revoked, 7, later), lists(issuer, 8, later), false},
		"a list of one of the same name":   {nil, lists(foreign, 8, later), false},
		"an old list":                      {nil, lists(issuer, 8, before), false},
		"on the list, though OCSP is good": {says(issuer, ocsp.Good, 7, later), lists(issuer, 7, later), false},
	} {
		info := map[string]any{}
		if c.ocsp != nil {
			info["sc.OCSPs"] = map[string]any{"sc.OCSP": base64.StdEncoding.EncodeToString(c.ocsp)}
		}
		if c.crl != nil {
			info["sc.CRLs"] = map[string]any{"sc.CRL": base64.StdEncoding.EncodeToString(c.crl)}
		}
		body, err := json.Marshal(map[string]any{"SignResponse": map[string]any{
			"Result": map[string]any{"ResultMajor": majorSuccess}, "OptionalOutputs": map[string]any{"sc.RevocationInformation": info},
		}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAnswer(body)
		if err != nil {
			t.Fatal(err)
		}
		var v provider.Validation
		err = readRevocation(&v, got, []checked{{signer: signer.Certificate, issuer: issuer.Certificate, at: stampedAt}})
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
