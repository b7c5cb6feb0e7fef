package ais

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// freshFor is how long revocation data say that they are good.
const freshFor = 7 * 24 * time.Hour

// The structures of RFC 6960, as far as an answer about one certificate has them. They are made here and not by a
// library, since those that there are take the machine's time.
type (
	ocspResponse struct {
		Status asn1.Enumerated
		Bytes  ocspBytes `asn1:"explicit,tag:0"`
	}
	ocspBytes struct {
		Type     asn1.ObjectIdentifier
		Response []byte
	}
	basicResponse struct {
		Data      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	responseData struct {
		Responder asn1.RawValue
		At        time.Time `asn1:"generalized"`
		Responses []singleResponse
	}
	singleResponse struct {
		Certificate struct {
			Algorithm         pkix.AlgorithmIdentifier
			NameHash, KeyHash []byte
			Serial            *big.Int
		}
		Status asn1.RawValue
		From   time.Time `asn1:"generalized"`
		Until  time.Time `asn1:"generalized,explicit,tag:0"`
	}
)

// ocsp is the issuing authority's answer about a certificate of its own: good, or revoked.
func (a *authority) ocsp(cert *x509.Certificate, at time.Time, revoked bool) ([]byte, error) {
	var one singleResponse
	key, err := publicKeyBits(a.issuing.cert)
	if err != nil {
		return nil, err
	}
	names, keys := sha1.Sum(cert.RawIssuer), sha1.Sum(key) // what readers look for (RFC 5019)
	one.Certificate.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Parameters: asn1.NullRawValue}
	one.Certificate.NameHash, one.Certificate.KeyHash, one.Certificate.Serial = names[:], keys[:], cert.SerialNumber
	at = at.UTC().Truncate(time.Second)
	one.From, one.Until = at, at.Add(freshFor)
	one.Status = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0} // good
	if revoked {
		when, err := asn1.MarshalWithParams(at, "generalized")
		if err != nil {
			return nil, fmt.Errorf("ais simulator: %w", err)
		}
		one.Status = raw(1, asn1.ClassContextSpecific, when)
	}
	data, err := asn1.Marshal(responseData{Responder: raw(1, asn1.ClassContextSpecific, a.issuing.cert.RawSubject), At: at, Responses: []singleResponse{one}})
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	sum := sha256.Sum256(data)
	signature, err := a.issuing.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	basic, err := asn1.Marshal(basicResponse{
		asn1.RawValue{FullBytes: data}, pkix.AlgorithmIdentifier{Algorithm: oidECDSASHA256}, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	return asn1.Marshal(ocspResponse{Bytes: ocspBytes{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}, basic}})
}

// publicKeyBits is what an OCSP answer hashes of an issuer's key: the bits without algorithm.
func publicKeyBits(cert *x509.Certificate) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	return info.Key.RightAlign(), nil
}

// crl is the root's list of revoked authorities: an empty one.
func (a *authority) crl(at time.Time) ([]byte, error) {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(at.Unix()), ThisUpdate: at.UTC().Truncate(time.Second), NextUpdate: at.UTC().Truncate(time.Second).Add(freshFor),
	}, a.root.cert, a.root.key)
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	return der, nil
}
