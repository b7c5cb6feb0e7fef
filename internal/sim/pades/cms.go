package pades

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
)

// The structures of RFC 5652, as far as one detached signature has them.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      struct{ Type asn1.ObjectIdentifier }
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}
	signerInfo struct {
		Version   int
		Signer    issuerAndSerial
		Digest    pkix.AlgorithmIdentifier
		Attrs     asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature []byte
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue
	}
	// signingCertificateV2 of RFC 5035: CAdES wants to know which certificate signed.
	signingCertificateV2 struct{ Certs []certID }
	certID               struct{ Hash []byte }
)

// detached is the CMS signature of bytes with this SHA-256, without the bytes.
func (s Signer) detached(sum [sha256.Size]byte) ([]byte, error) {
	attrs, err := s.attributes(sum)
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	whole := sha256.Sum256(wrap(asn1.TagSet, asn1.ClassUniversal, attrs))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, whole[:])
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	digest := pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}
	d := signedData{
		Version: 1, Digests: []pkix.AlgorithmIdentifier{digest},
		Certificates: raw(0, asn1.ClassContextSpecific, slices.Concat(s.cert.Raw, s.issuer.Raw)),
		Signers: []signerInfo{{
			Version: 1, Signer: issuerAndSerial{asn1.RawValue{FullBytes: s.cert.RawIssuer}, s.cert.SerialNumber},
			Digest: digest, Attrs: raw(0, asn1.ClassContextSpecific, attrs),
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}, Signature: signature,
		}},
	}
	d.Content.Type = oidData
	inner, err := asn1.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	return asn1.Marshal(contentInfo{oidSignedData, raw(0, asn1.ClassContextSpecific, inner)})
}

// attributes are the signed attributes, in the order of DER, without the head of the set.
func (s Signer) attributes(sum [sha256.Size]byte) ([]byte, error) {
	certificate := sha256.Sum256(s.cert.Raw)
	var all [][]byte
	for _, a := range []struct {
		kind  asn1.ObjectIdentifier
		value any
	}{{oidContentType, oidData}, {oidMessageDigest, sum[:]}, {oidCertificateV2, signingCertificateV2{[]certID{{certificate[:]}}}}} {
		value, err := asn1.Marshal(a.value)
		if err != nil {
			return nil, err
		}
		one, err := asn1.Marshal(attribute{a.kind, raw(asn1.TagSet, asn1.ClassUniversal, value)})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, bytes.Compare)
	return slices.Concat(all...), nil
}

func raw(tag, class int, content []byte) asn1.RawValue {
	return asn1.RawValue{FullBytes: wrap(tag, class, content)}
}

// wrap puts the head of a constructed value before its content.
func wrap(tag, class int, content []byte) []byte {
	b, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: content})
	if err != nil {
		return nil // never: tag and class are ours
	}
	return b
}
