package ais

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/identikit/identikit/internal/provider"
)

var (
	oidStamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14} // attribute: a time stamp of the signature
	oidStampInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}  // content type: TSTInfo
	oidSHA256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// maxCMS is the most that one signature may have, in bytes: what it holds is
// two short chains of certificates and a time stamp, and a PDF has no more room.
const maxCMS = 32 << 10

// readSignatures reads a success into out. A signature that is not what was
// ordered is the firm's trouble: nothing of it is believed.
func (a *account) readSignatures(out *provider.Signature, h handle, got answer) error {
	err := a.checkSignatures(out, h, got)
	if err == nil {
		return nil
	}
	*out = provider.Signature{}
	return garbage(fmt.Errorf("what was signed cannot be accepted: %w", err))
}

func (a *account) checkSignatures(out *provider.Signature, h handle, got answer) error {
	if id := got.requestID(); id != "" && id != h.Order {
		return errors.New("it is about another request")
	}
	found, err := signaturesIn(got, h)
	if err != nil {
		return err
	}
	out.CMS = map[string][]byte{}
	var all []checked
	for id, digest := range h.Digests {
		c, err := checkCMS(found[id], digest, a.TrustedCAs)
		if err != nil {
			return err
		}
		if !h.fits(c.signer) {
			return errors.New("the certificate is in another name")
		}
		out.CMS[id] = found[id]
		if out.At.Before(c.at) {
			out.At = c.at
		}
		all = append(all, c)
		for _, cert := range c.certificates {
			if !slices.ContainsFunc(out.Validation.Certificates, func(b []byte) bool { return bytes.Equal(b, cert.Raw) }) {
				out.Validation.Certificates = append(out.Validation.Certificates, cert.Raw)
			}
		}
	}
	return readRevocation(&out.Validation, got, all)
}

// signaturesIn gives the signatures by document: one, or those of a batch.
func signaturesIn(got answer, h handle) (map[string][]byte, error) {
	found := map[string][]byte{}
	for _, one := range got.all("SignatureObject", "Other", "sc.SignatureObjects", "sc.ExtendedSignatureObject") {
		id, ok := one.text("@WhichDocument")
		all, err := one.values("Base64Signature", "$")
		if !ok || err != nil || len(all) != 1 {
			return nil, errors.New("a signature of the batch is none")
		}
		found[id] = all[0]
	}
	if len(found) == 0 && len(h.Digests) == 1 {
		all, err := got.values("SignatureObject", "Base64Signature", "$")
		if err != nil || len(all) != 1 {
			return nil, errors.New("there is no signature")
		}
		for id := range h.Digests {
			found[id] = all[0]
		}
	}
	return found, nil
}

// checked is what a signature was found to be.
type checked struct {
	signer       *x509.Certificate
	issuer       *x509.Certificate   // of the signer's
	certificates []*x509.Certificate // all that came with it
	at           time.Time           // of its time stamp
}

// known is a hasher that knows the digest of what was signed: the document
// itself is not here.
type known []byte

// Hash implements pkcs7.Hasher.
func (k known) Hash(h crypto.Hash, _ io.Reader) ([]byte, error) {
	if h != crypto.SHA512 {
		return nil, errors.New("the digest is of another kind than what was sent")
	}
	return k, nil
}

// checkCMS checks that the bytes are a detached signature of a document with
// this SHA-512, stamped with a time at which its certificate was good.
func checkCMS(der, digest []byte, trusted *x509.CertPool) (checked, error) {
	p, err := parseCMS(der)
	if err != nil {
		return checked{}, err
	}
	if len(p.Content) != 0 {
		return checked{}, errors.New("the signature is not detached")
	}
	p.Hasher = known(digest)
	if err := verify(p, pkcs7.OIDData); err != nil {
		return checked{}, err
	}
	c := checked{signer: p.GetOnlySigner(), certificates: p.Certificates}
	token, err := stampIn(p)
	if err != nil {
		return checked{}, err
	}
	more, at, err := checkStamp(token, p.Signers[0].EncryptedDigest, trusted)
	if err != nil {
		return checked{}, err
	}
	c.at, c.certificates = at, append(c.certificates, more...)
	if c.issuer, err = chain(p, trusted, at, x509.ExtKeyUsageAny); err != nil {
		return checked{}, err
	}
	if c.signer.KeyUsage&(x509.KeyUsageContentCommitment|x509.KeyUsageDigitalSignature) == 0 {
		return checked{}, errors.New("the signer's certificate is not for signatures")
	}
	return c, nil
}

// parseCMS reads a CMS structure of one signer; it must be all there is.
func parseCMS(der []byte) (*pkcs7.PKCS7, error) {
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &whole); err != nil || len(rest) > 0 || len(der) > maxCMS || !shallow(der, maxDepth) {
		return nil, errors.New("the signature is not in DER, or too large")
	}
	p, err := pkcs7.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("the signature is no CMS: %w", err)
	}
	if p.GetOnlySigner() == nil {
		return nil, errors.New("the signature has not one signer with a certificate")
	}
	return p, nil
}

// shallow tells whether the bytes are DER with few values in each other: what
// is nested deeply costs the library its square.
func shallow(der []byte, depth int) bool {
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil || v.IsCompound && (depth == 0 || !shallow(v.Bytes, depth-1)) {
			return false
		}
		der = rest
	}
	return true
}

// verify checks digest and signature, not whose they are. The attributes must
// be signed: without them the digest would be no part of the signature. The
// library would take SHA-1, too.
func verify(p *pkcs7.PKCS7, kind asn1.ObjectIdentifier) error {
	by := p.Signers[0]
	if _, ok := hashOf(by.DigestAlgorithm.Algorithm); !ok || by.DigestEncryptionAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmECDSASHA1) {
		return errors.New("the signature rests on a digest that is not accepted")
	}
	var contentType asn1.ObjectIdentifier
	if p.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &contentType) != nil || !contentType.Equal(kind) {
		return errors.New("the signature has not the signed attributes that it needs")
	}
	if err := p.Verify(); err != nil {
		return fmt.Errorf("the signature does not hold: %w", err)
	}
	return nil
}

// chain checks that a trusted authority vouches for the signer at the time, and
// gives who issued the signer's certificate.
func chain(p *pkcs7.PKCS7, trusted *x509.CertPool, at time.Time, usage x509.ExtKeyUsage) (issuer *x509.Certificate, err error) {
	between := x509.NewCertPool()
	for _, cert := range p.Certificates {
		between.AddCert(cert)
	}
	chains, err := p.GetOnlySigner().Verify(x509.VerifyOptions{Roots: trusted, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		return nil, fmt.Errorf("no trusted authority vouches for the certificate: %w", err)
	}
	if len(chains[0]) < 2 {
		return nil, errors.New("an authority signs with its own certificate")
	}
	return chains[0][1], nil
}

// stampIn finds the time stamp of a signature.
func stampIn(p *pkcs7.PKCS7) ([]byte, error) {
	for _, a := range p.Signers[0].UnauthenticatedAttributes {
		if a.Type.Equal(oidStamp) {
			return a.Value.Bytes, nil
		}
	}
	return nil, errors.New("the signature has no time stamp")
}

// stampInfo is the TSTInfo of RFC 3161, as far as it is read.
type stampInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	Serial *big.Int
	At     asn1.RawValue // GeneralizedTime, perhaps with fractions
}

// checkStamp checks that the token is an RFC 3161 time stamp of the signature.
func checkStamp(token, signature []byte, trusted *x509.CertPool) ([]*x509.Certificate, time.Time, error) {
	p, err := parseCMS(token)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("time stamp: %w", err)
	}
	if err := verify(p, oidStampInfo); err != nil {
		return nil, time.Time{}, fmt.Errorf("time stamp: %w", err)
	}
	var info stampInfo
	if _, err := asn1.Unmarshal(p.Content, &info); err != nil {
		return nil, time.Time{}, fmt.Errorf("time stamp: %w", err)
	}
	hash, ok := hashOf(info.Imprint.Algorithm.Algorithm)
	if !ok {
		return nil, time.Time{}, errors.New("time stamp: its digest is of a kind that is not accepted")
	}
	h := hash.New()
	h.Write(signature)
	at, err := time.Parse("20060102150405Z", string(info.At.Bytes)) // fractions of the second are read, too
	if err != nil || info.At.Tag != asn1.TagGeneralizedTime || !bytes.Equal(h.Sum(nil), info.Imprint.Hash) {
		return nil, time.Time{}, errors.New("time stamp: it is of something else, or has no time")
	}
	if _, err := chain(p, trusted, at, x509.ExtKeyUsageTimeStamping); err != nil {
		return nil, time.Time{}, fmt.Errorf("time stamp: %w", err)
	}
	return p.Certificates, at, nil
}

func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch {
	case oid.Equal(oidSHA256):
		return crypto.SHA256, true
	case oid.Equal(oidSHA384):
		return crypto.SHA384, true
	case oid.Equal(oidSHA512):
		return crypto.SHA512, true
	}
	return 0, false
}
