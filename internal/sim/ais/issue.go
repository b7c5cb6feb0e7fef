package ais

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"
)

// keyBits is the size of the customers' key.
const keyBits = 2048

// subject is a distinguished name as it came: the attributes in their order.
type subject []pkix.AttributeTypeAndValue

// attributeTypes are the attributes that a distinguished name may have.
var attributeTypes = map[string]asn1.ObjectIdentifier{
	"cn": {2, 5, 4, 3}, "surname": {2, 5, 4, 4}, "sn": {2, 5, 4, 4}, "serialnumber": {2, 5, 4, 5}, "c": {2, 5, 4, 6}, "l": {2, 5, 4, 7}, "st": {2, 5, 4, 8},
	"o": {2, 5, 4, 10}, "ou": {2, 5, 4, 11}, "givenname": {2, 5, 4, 42}, "pseudonym": {2, 5, 4, 65},
	"emailaddress": {1, 2, 840, 113549, 1, 9, 1}, "organizationidentifier": {2, 5, 4, 97},
}

// readSubject reads a distinguished name: attributes with commas between them, values escaped as in RFC 4514.
func readSubject(text string) (subject, bool) {
	var all subject
	for _, part := range split(text) {
		key, value, ok := strings.Cut(part, "=")
		kind := attributeTypes[strings.ToLower(strings.TrimSpace(key))]
		if !ok || kind == nil {
			return nil, false
		}
		if value, ok = unescape(strings.TrimLeft(value, " ")); !ok || value == "" {
			return nil, false
		}
		all = append(all, pkix.AttributeTypeAndValue{Type: kind, Value: value})
	}
	return all, true
}

// split divides at the commas that are not escaped.
func split(text string) (parts []string) {
	from := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',':
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

// unescape reads a value: a character after a backslash stands for itself, two hex digits for a byte; spaces at the end
// count only if they are escaped.
func unescape(text string) (string, bool) {
	var b strings.Builder
	end := 0 // of what counts
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' {
			if i++; i == len(text) {
				return "", false
			}
			c = text[i]
			if i+1 < len(text) && hexDigit(text[i]) >= 0 && hexDigit(text[i+1]) >= 0 {
				c = byte(hexDigit(text[i])<<4 | hexDigit(text[i+1]))
				i++
			}
			b.WriteByte(c)
			end = b.Len()
			continue
		}
		if b.WriteByte(c); c != ' ' {
			end = b.Len()
		}
	}
	value := b.String()[:end]
	return value, utf8.ValidString(value)
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }

// value is the first attribute of this name, "" if there is none.
func (s subject) value(attribute string) string {
	for _, a := range s {
		if text, ok := a.Value.(string); ok && a.Type.Equal(attributeTypes[attribute]) {
			return text
		}
	}
	return ""
}

// certificate makes a certificate for one signing: the key is that of all customers, the name is this one's.
func (a *authority) certificate(to subject, serial []byte, at time.Time) (identity, error) {
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(append([]byte{1}, serial...)),
		Subject:      pkix.Name{ExtraNames: to},
		NotBefore:    at.Add(-time.Minute), NotAfter: at.Add(certificateLife),
		KeyUsage: x509.KeyUsageContentCommitment | x509.KeyUsageDigitalSignature,
		// what readers of PDF ask for besides
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.issuing.cert, &a.signing.PublicKey, a.issuing.key)
	if err != nil {
		return identity{}, fmt.Errorf("ais simulator: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return identity{}, fmt.Errorf("ais simulator: %w", err)
	}
	return identity{cert, a.signing}, nil
}

// signed is what came of a request: CMS signatures in the order of the documents, and how to check them later.
type signed struct {
	CMS, OCSPs, CRLs [][]byte
}

// sign makes the signatures of a request, with a flaw if a tester wants one.
func (s *Server) sign(r *request, at time.Time) (*signed, error) {
	if err := s.needSigningKey(); err != nil {
		return nil, err
	}
	ca, name := s.ca, r.Subject
	switch r.Flaw {
	case "other_authority":
		stranger, err := newAuthority(s.cfg.Customer)
		if err != nil {
			return nil, err
		}
		stranger.signing = ca.signing
		ca = stranger
	case "other_name":
		name = subject{{Type: attributeTypes["cn"], Value: "Somebody Else"}}
	}
	serial := s.fate(r.ID+at.String(), "certificate")
	signer, err := ca.certificate(name, serial[:15], at)
	if err != nil {
		return nil, err
	}
	out := &signed{}
	for _, d := range r.Documents {
		der, err := ca.detached(signer, digests[d.Algorithm], d.Digest, at, r.Stamped, r.Flaw)
		if err != nil {
			return nil, err
		}
		out.CMS = append(out.CMS, der)
	}
	about := []*x509.Certificate{signer.cert, ca.stamps.cert}
	responder := ca
	switch r.Flaw {
	case "no_revocation":
		about = about[1:]
	case "other_revocation": // of somebody else, who calls himself the same
		if responder, err = newAuthority(s.cfg.Customer); err != nil {
			return nil, err
		}
	}
	for _, cert := range about {
		answer, err := responder.ocsp(cert, at, r.Flaw == "revoked" && cert == signer.cert)
		if err != nil {
			return nil, err
		}
		out.OCSPs = append(out.OCSPs, answer)
	}
	list, err := ca.crl(at)
	out.CRLs = [][]byte{list}
	return out, err
}

// needSigningKey makes the customers' key, once. The caller holds the lock.
func (s *Server) needSigningKey() error {
	if s.ca.signing != nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("ais simulator: %w", err)
	}
	s.ca.signing = key
	return s.keepAuthority()
}
