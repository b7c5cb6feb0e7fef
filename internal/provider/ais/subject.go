package ais

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/identikit/identikit/internal/provider"
)

// subject is in whose name a certificate is to be made.
type subject struct {
	first, last, country, evidence string
}

// subjectOf takes the names as the person has them. The evidence id names the
// identification on which the certificate rests, without telling it.
func subjectOf(o provider.SigningOrder, country string) subject {
	sum := sha256.Sum256([]byte("evidence of an identification\n" + o.Identification))
	return subject{
		first: tidy(o.Person.Text("first_name").Reveal()), last: tidy(o.Person.Text("last_name").Reveal()),
		country: country, evidence: "IDK" + strings.ToUpper(hex.EncodeToString(sum[:12])),
	}
}

func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

// maxName is how many characters a common name may have (X.520).
const maxName = 64

func (s subject) commonName() string {
	all := []rune(s.first + " " + s.last)
	return tidy(string(all[:min(len(all), maxName)]))
}

// distinguishedName is the subject as the service wants it.
func (s subject) distinguishedName() string {
	return fmt.Sprintf("cn=%s, givenname=%s, surname=%s, c=%s, serialnumber=%s",
		escape(s.commonName()), escape(s.first), escape(s.last), escape(s.country), escape(s.evidence))
}

// escape keeps a value from being read as anything else (RFC 4514, 2.4).
func escape(value string) string {
	var b strings.Builder
	for i, r := range value {
		switch {
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\%02x`, r)
			continue
		case strings.ContainsRune(`"+,;<>=\`, r), i == 0 && (r == '#' || r == ' '), i == len(value)-1 && r == ' ':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hash is how the subject is remembered: it tells nobody the name, and says
// whether a certificate has it.
func (s subject) hash(order string) []byte {
	return hashNames(order, s.commonName(), s.first, s.last, s.country)
}

func hashNames(order string, names ...string) []byte {
	mac := hmac.New(sha256.New, []byte(order))
	for _, name := range names {
		fmt.Fprintf(mac, "%q\n", strings.ToLower(tidy(name)))
	}
	return mac.Sum(nil)
}

var (
	oidSurname   = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName = asn1.ObjectIdentifier{2, 5, 4, 42}
)

// fits tells whether the certificate is in the name that was asked for.
func (h handle) fits(cert *x509.Certificate) bool {
	var first, last, country string
	for _, a := range cert.Subject.Names {
		text, _ := a.Value.(string)
		switch {
		case a.Type.Equal(oidGivenName):
			first = text
		case a.Type.Equal(oidSurname):
			last = text
		}
	}
	if len(cert.Subject.Country) == 1 {
		country = cert.Subject.Country[0]
	}
	return hmac.Equal(h.Subject, hashNames(h.Order, cert.Subject.CommonName, first, last, country))
}
