package ais

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidStampInfo     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidStamp         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidECDSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidStampPolicy   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1} // of the numbers for examples (RFC 5612)
)

// digests are the digest algorithms by their address on the wire.
var digests = map[string]digestAlgorithm{
	"http://www.w3.org/2001/04/xmlenc#sha256":       {crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	"http://www.w3.org/2001/04/xmldsig-more#sha384": {crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	"http://www.w3.org/2001/04/xmlenc#sha512":       {crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
}

var d512 = digests["http://www.w3.org/2001/04/xmlenc#sha512"]

type digestAlgorithm struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
}

func (d digestAlgorithm) identifier() pkix.AlgorithmIdentifier {
	return pkix.AlgorithmIdentifier{Algorithm: d.oid, Parameters: asn1.NullRawValue}
}

func (d digestAlgorithm) sum(b []byte) []byte {
	h := d.hash.New()
	h.Write(b)
	return h.Sum(nil)
}

// The structures of RFC 5652, as far as one signature has them.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      asn1.RawValue
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
		Unsigned  asn1.RawValue `asn1:"optional"`
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
	// stampInfo of RFC 3161.
	stampInfo struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint struct {
			Algorithm pkix.AlgorithmIdentifier
			Hash      []byte
		}
		Serial *big.Int
		At     time.Time `asn1:"generalized"`
	}
)

// cms is one CMS signature in the making.
type cms struct {
	by      identity
	chain   []byte // the certificates that go with it, DER after DER
	digest  digestAlgorithm
	sum     []byte // of what is signed
	kind    asn1.ObjectIdentifier
	content []byte // what is signed, if it goes with the signature
	stamp   func(signature []byte) ([]byte, error)
}

// detached signs a document that only its digest tells of, and has the signature stamped; with a flaw if there is to be one.
func (a *authority) detached(by identity, d digestAlgorithm, sum []byte, at time.Time, stamped bool, flaw string) ([]byte, error) {
	c := cms{by: by, chain: slices.Concat(by.cert.Raw, a.issuing.cert.Raw), digest: d, sum: slices.Clone(sum), kind: oidData}
	if stamped {
		c.stamp = func(signature []byte) ([]byte, error) { return a.timeStamp(signature, d512, at) }
	}
	switch flaw {
	case "other_digest":
		c.sum[0] ^= 1
	case "other_type":
		c.kind = oidStampInfo
	case "attached":
		c.content = []byte("something")
	case "no_timestamp":
		c.stamp = nil
	case "other_timestamp":
		c.stamp = func([]byte) ([]byte, error) { return a.timeStamp([]byte("something else"), d512, at) }
	case "weak_timestamp":
		c.stamp = func(signature []byte) ([]byte, error) {
			return a.timeStamp(signature, digestAlgorithm{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}}, at)
		}
	}
	der, err := c.make()
	if flaw == "cut_off" {
		der = der[:len(der)/2]
	}
	return der, err
}

// timeStamp is an RFC 3161 token for the bytes; d is the digest that the stamp itself rests on.
func (a *authority) timeStamp(b []byte, d digestAlgorithm, at time.Time) ([]byte, error) {
	sum := sha512.Sum512(b)
	info := stampInfo{Version: 1, Policy: oidStampPolicy, Serial: new(big.Int).SetBytes(sum[:8]), At: at.UTC().Truncate(time.Second)}
	info.Imprint.Algorithm, info.Imprint.Hash = d512.identifier(), sum[:]
	content, err := asn1.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	c := cms{
		by: a.stamps, chain: slices.Concat(a.stamps.cert.Raw, a.issuing.cert.Raw),
		digest: d, sum: d.sum(content), kind: oidStampInfo, content: content,
	}
	return c.make()
}

func (c cms) make() ([]byte, error) {
	attrs, err := c.attributes()
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	signer := signerInfo{
		Version: 1, Signer: issuerAndSerial{asn1.RawValue{FullBytes: c.by.cert.RawIssuer}, c.by.cert.SerialNumber},
		Digest: c.digest.identifier(), Attrs: raw(0, asn1.ClassContextSpecific, attrs),
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue},
	}
	if c.by.cert.PublicKeyAlgorithm == x509.ECDSA {
		c.digest = d512
		signer.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}}
	}
	whole := c.digest.sum(wrap(asn1.TagSet, asn1.ClassUniversal, attrs))
	if signer.Signature, err = c.by.key.Sign(rand.Reader, whole, c.digest.hash); err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	if c.stamp != nil {
		token, err := c.stamp(signer.Signature)
		if err != nil {
			return nil, err
		}
		one, err := attributeOf(oidStamp, asn1.RawValue{FullBytes: token})
		if err != nil {
			return nil, fmt.Errorf("ais simulator: %w", err)
		}
		signer.Unsigned = raw(1, asn1.ClassContextSpecific, one)
	}
	return c.envelope(signer)
}

// envelope puts the signature into its structures.
func (c cms) envelope(signer signerInfo) ([]byte, error) {
	version, inside := 1, []byte(nil)
	if !c.kind.Equal(oidData) {
		version = 3 // RFC 5652, 5.1
	}
	kind, err := asn1.Marshal(c.kind)
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	if c.content != nil {
		octets, err := asn1.Marshal(c.content)
		if err != nil {
			return nil, fmt.Errorf("ais simulator: %w", err)
		}
		inside = wrap(0, asn1.ClassContextSpecific, octets)
	}
	inner, err := asn1.Marshal(signedData{
		Version: version, Digests: []pkix.AlgorithmIdentifier{signer.Digest},
		Content:      raw(asn1.TagSequence, asn1.ClassUniversal, slices.Concat(kind, inside)),
		Certificates: raw(0, asn1.ClassContextSpecific, c.chain), Signers: []signerInfo{signer},
	})
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	return asn1.Marshal(contentInfo{oidSignedData, raw(0, asn1.ClassContextSpecific, inner)})
}

// attributes are the signed attributes, in the order of DER, without the head of the set. PAdES wants no signing time.
func (c cms) attributes() ([]byte, error) {
	certificate := sha256.Sum256(c.by.cert.Raw)
	var all [][]byte
	for _, a := range []struct {
		kind  asn1.ObjectIdentifier
		value any
	}{{oidContentType, c.kind}, {oidMessageDigest, c.sum}, {oidCertificateV2, signingCertificateV2{[]certID{{certificate[:]}}}}} {
		one, err := attributeOf(a.kind, a.value)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, bytes.Compare)
	return slices.Concat(all...), nil
}

func attributeOf(kind asn1.ObjectIdentifier, value any) ([]byte, error) {
	der, err := asn1.Marshal(value)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(attribute{kind, raw(asn1.TagSet, asn1.ClassUniversal, der)})
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
