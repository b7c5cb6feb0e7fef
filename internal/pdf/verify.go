package pdf

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
)

// The structures of RFC 5652, as far as one detached signature has them.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      asn1.RawValue
		Content      encapsulated
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		CRLs         asn1.RawValue `asn1:"optional,tag:1"`
		Signers      []signerInfo  `asn1:"set"`
	}
	encapsulated struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
	}
	signerInfo struct {
		Version   int
		Signer    issuerAndSerial
		Digest    pkix.AlgorithmIdentifier
		Attrs     asn1.RawValue `asn1:"optional,tag:0"`
		Algorithm pkix.AlgorithmIdentifier
		Signature []byte
		Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue `asn1:"set"`
	}
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
)

// The algorithms of qualified signatures of today. The hash is that of the signer's
// digest; with RSA it need not be named again.
var (
	hashes = map[string]crypto.Hash{
		"2.16.840.1.101.3.4.2.1": crypto.SHA256, "2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
	}
	rsaPKCS1 = map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.SHA256WithRSA, crypto.SHA384: x509.SHA384WithRSA, crypto.SHA512: x509.SHA512WithRSA,
	}
	rsaPSS = map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.SHA256WithRSAPSS, crypto.SHA384: x509.SHA384WithRSAPSS, crypto.SHA512: x509.SHA512WithRSAPSS,
	}
	ecdsa = map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.ECDSAWithSHA256, crypto.SHA384: x509.ECDSAWithSHA384, crypto.SHA512: x509.ECDSAWithSHA512,
	}
	families = map[string]map[crypto.Hash]x509.SignatureAlgorithm{
		"1.2.840.113549.1.1.1": rsaPKCS1, "1.2.840.113549.1.1.11": rsaPKCS1, "1.2.840.113549.1.1.12": rsaPKCS1, "1.2.840.113549.1.1.13": rsaPKCS1,
		"1.2.840.113549.1.1.10": rsaPSS,
		"1.2.840.10045.2.1":     ecdsa, "1.2.840.10045.4.3.2": ecdsa, "1.2.840.10045.4.3.3": ecdsa, "1.2.840.10045.4.3.4": ecdsa,
	}
)

var errCMS = errors.New("pdf: the signature is no CMS in DER that is read here")

// Verify checks that the CMS is a signature of what this signature covers, made
// with the key of a certificate that it carries, and gives that certificate. It
// does not ask who issued the certificate, whether it was revoked, or what a time
// stamp says: that is for those who decide whom to trust.
func (s Signature) Verify() (*x509.Certificate, error) {
	signer, certificates, err := readCMS(s.CMS)
	if err != nil {
		return nil, err
	}
	hash, ok := hashes[signer.Digest.Algorithm.String()]
	if !ok {
		return nil, errors.New("pdf: the signature has a digest that is not accepted")
	}
	algorithm, ok := families[signer.Algorithm.Algorithm.String()][hash]
	if !ok {
		return nil, errors.New("pdf: the signature has an algorithm that is not accepted")
	}
	attributes, err := signer.attributes()
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(s.pdf[:s.Hole[0]])
	h.Write(s.pdf[s.Hole[1]:s.End])
	var sum []byte
	var kind asn1.ObjectIdentifier
	if !attributes.read(oidMessageDigest, &sum) || !attributes.read(oidContentType, &kind) || !kind.Equal(oidData) {
		return nil, errCMS
	}
	if !bytes.Equal(sum, h.Sum(nil)) {
		return nil, errors.New("pdf: the signature is one of other bytes")
	}
	for _, c := range certificates {
		if c.SerialNumber.Cmp(signer.Signer.Serial) == 0 && bytes.Equal(c.RawIssuer, signer.Signer.Issuer.FullBytes) {
			if err := c.CheckSignature(algorithm, signer.signed(), signer.Signature); err != nil {
				return nil, errors.New("pdf: the signature was not made with the key of its certificate")
			}
			return c, nil
		}
	}
	return nil, errors.New("pdf: the signature does not carry the certificate of who made it")
}

// readCMS reads a detached signature of one signer.
func readCMS(b []byte) (signerInfo, []*x509.Certificate, error) {
	var outer contentInfo
	if rest, err := asn1.Unmarshal(b, &outer); err != nil || len(rest) > 0 || !outer.Type.Equal(oidSignedData) {
		return signerInfo{}, nil, errCMS
	}
	var d signedData
	if rest, err := asn1.Unmarshal(outer.Content.Bytes, &d); err != nil || len(rest) > 0 {
		return signerInfo{}, nil, errCMS
	}
	if len(d.Signers) != 1 || !d.Content.Type.Equal(oidData) || len(d.Content.Content.FullBytes) > 0 || d.Signers[0].Signer.Serial == nil {
		return signerInfo{}, nil, errCMS
	}
	certificates, err := x509.ParseCertificates(d.Certificates.Bytes)
	if err != nil {
		return signerInfo{}, nil, errCMS
	}
	return d.Signers[0], certificates, nil
}

// signed are the bytes that the signature is of: the attributes as a set.
func (s signerInfo) signed() []byte {
	b := bytes.Clone(s.Attrs.FullBytes)
	b[0] = asn1.TagSet | 0x20
	return b
}

type attributes []attribute

// attributes are what is signed; each stands there once.
func (s signerInfo) attributes() (attributes, error) {
	var all attributes
	seen := map[string]bool{}
	for rest := s.Attrs.Bytes; len(rest) > 0; {
		var a attribute
		var err error
		if rest, err = asn1.Unmarshal(rest, &a); err != nil || seen[a.Type.String()] {
			return nil, errCMS
		}
		seen[a.Type.String()] = true
		all = append(all, a)
	}
	return all, nil
}

// read reads the one value of an attribute.
func (all attributes) read(kind asn1.ObjectIdentifier, to any) bool {
	for _, a := range all {
		if a.Type.Equal(kind) {
			rest, err := asn1.Unmarshal(a.Values.Bytes, to)
			return err == nil && len(rest) == 0
		}
	}
	return false
}
