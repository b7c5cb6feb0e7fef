package pades

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// keyBits is the size of both keys: what old readers know, too.
const keyBits = 2048

// certificateLife is how long a customer's certificate is good: it is made for
// one signing, as the trust services behind video identification do.
const certificateLife = time.Hour

// Authority is a certificate authority of a simulator's own, with the one key by
// which it signs for all customers.
type Authority struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey // of the authority
	sign *rsa.PrivateKey // of all signers
}

// Kept is an authority as it is stored.
type Kept struct {
	Certificate []byte // DER
	Key, Sign   []byte // PKCS #8
}

// NewAuthority makes an authority that is good from at on, for 50 years: the
// clock of a sandbox may be moved far.
func NewAuthority(name string, at time.Time) (*Authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	sign, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"identikit simulation"}},
		NotBefore: at.Add(-24 * time.Hour), NotAfter: at.AddDate(50, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	return &Authority{cert, key, sign}, nil
}

// Keep gives the authority in the form in which it is stored.
func (a *Authority) Keep() (Kept, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return Kept{}, fmt.Errorf("pades: %w", err)
	}
	sign, err := x509.MarshalPKCS8PrivateKey(a.sign)
	if err != nil {
		return Kept{}, fmt.Errorf("pades: %w", err)
	}
	return Kept{a.cert.Raw, key, sign}, nil
}

// Open reads an authority that was kept.
func (k Kept) Open() (*Authority, error) {
	cert, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return nil, fmt.Errorf("pades: the kept authority: %w", err)
	}
	var keys [2]*rsa.PrivateKey
	for n, der := range [][]byte{k.Key, k.Sign} {
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, fmt.Errorf("pades: the kept authority: %w", err)
		}
		own, ok := key.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("pades: the kept authority has a key of another kind")
		}
		keys[n] = own
	}
	return &Authority{cert, keys[0], keys[1]}, nil
}

// PEM is the authority's certificate, for those who want to trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Signer is one customer's certificate, good for the time of the signing.
type Signer struct {
	Name string
	At   time.Time // of the signing

	cert   *x509.Certificate
	issuer *x509.Certificate
	key    *rsa.PrivateKey
}

// Signer issues a certificate to a customer. The same name, time and session
// give the same certificate.
func (a *Authority) Signer(name, session string, at time.Time) (Signer, error) {
	sum := sha256.Sum256([]byte(session + "\n" + name + "\n" + at.UTC().Format(time.RFC3339Nano)))
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(append([]byte{1}, sum[:15]...)),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"identikit simulation"}},
		NotBefore:    at.Add(-time.Minute), NotAfter: at.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		// what readers of PDF ask for besides
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.sign.PublicKey, a.key)
	if err != nil {
		return Signer{}, fmt.Errorf("pades: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Signer{}, fmt.Errorf("pades: %w", err)
	}
	return Signer{Name: name, At: at, cert: cert, issuer: a.cert, key: a.sign}, nil
}
