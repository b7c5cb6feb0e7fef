package ais

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/identikit/identikit/internal/provider"
)

// readRevocation takes what a reader needs years later. Of each signer's
// certificate it must say that it was good, by who issued it: what nobody vouches
// for says nothing, and who is said to be revoked has signed nothing.
func readRevocation(v *provider.Validation, got answer, signatures []checked) (err error) {
	const outputs, info = "OptionalOutputs", "sc.RevocationInformation"
	if v.OCSPs, err = got.values(outputs, info, "sc.OCSPs", "sc.OCSP"); err != nil {
		return err
	}
	if v.CRLs, err = got.values(outputs, info, "sc.CRLs", "sc.CRL"); err != nil {
		return err
	}
	for _, der := range v.OCSPs {
		r, err := ocsp.ParseResponse(der, nil)
		if err != nil {
			return errors.New("an OCSP answer cannot be read")
		}
		if slices.ContainsFunc(signatures, func(c checked) bool {
			return r.Status == ocsp.Revoked && r.SerialNumber.Cmp(c.signer.SerialNumber) == 0
		}) {
			return errRevoked
		}
	}
	var lists []*x509.RevocationList
	for _, der := range v.CRLs {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return errors.New("a revocation list cannot be read")
		}
		if slices.ContainsFunc(signatures, func(c checked) bool { return c.listed(list) }) {
			return errRevoked
		}
		lists = append(lists, list)
	}
	for _, c := range signatures {
		if !slices.ContainsFunc(v.OCSPs, c.goodBy) && !slices.ContainsFunc(lists, c.notOn) {
			return errors.New("nobody who may says that the signer's certificate was not revoked")
		}
	}
	return nil
}

var errRevoked = errors.New("the signer's certificate is revoked")

// goodBy tells whether an OCSP answer of the issuer, or of whom it has appointed,
// says that the signer's certificate was good. (The library takes everybody whose
// certificate the issuer has made for appointed: the signer, too.)
func (c checked) goodBy(der []byte) bool {
	r, err := ocsp.ParseResponseForCert(der, c.signer, c.issuer)
	if err != nil || r.Status != ocsp.Good || !fresh(r.NextUpdate, c.at) {
		return false
	}
	return r.Certificate == nil || bytes.Equal(r.Certificate.Raw, c.issuer.Raw) || slices.Contains(r.Certificate.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning)
}

// notOn tells whether it is a list of the issuer's on which the signer's
// certificate does not stand.
func (c checked) notOn(list *x509.RevocationList) bool {
	return bytes.Equal(list.RawIssuer, c.signer.RawIssuer) && list.CheckSignatureFrom(c.issuer) == nil && fresh(list.NextUpdate, c.at) && !c.listed(list)
}

// listed tells whether the signer's certificate stands on the list.
func (c checked) listed(list *x509.RevocationList) bool {
	return bytes.Equal(list.RawIssuer, c.signer.RawIssuer) &&
		slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(c.signer.SerialNumber) == 0 })
}

// fresh tells whether what is good until then was so at the time. No end is no end.
func fresh(until, at time.Time) bool { return until.IsZero() || !until.Before(at) }
