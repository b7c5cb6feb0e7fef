package ais

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authorities and TLS certificates are good for all times that a clock may show.
var (
	longAgo = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	farOff  = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)
)

// identity is a certificate and its key.
type identity struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// authority is the firm's certificate authority, and the one by which its TLS connections are made.
type authority struct {
	root, issuing, stamps  identity
	tlsRoot, server, owner identity
	signing                *rsa.PrivateKey // of all customers: what differs is the certificate; nil until it is needed
}

// kept is an identity as it is stored: DER and PKCS #8.
type kept struct{ Certificate, Key []byte }

// members lists the identities by the name under which they are kept.
func (a *authority) members() map[string]*identity {
	return map[string]*identity{
		"root": &a.root, "issuing": &a.issuing, "timestamp": &a.stamps, "tls-root": &a.tlsRoot, "tls-server": &a.server, "tls-client": &a.owner,
	}
}

// newAuthority makes everything but the customers' key, which takes its time.
func newAuthority(customer string) (*authority, error) {
	a := &authority{}
	caUsage := x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	for _, one := range []struct {
		into, issuer *identity
		template     x509.Certificate
	}{
		{&a.root, &a.root, x509.Certificate{Subject: name("Root CA"), IsCA: true, KeyUsage: caUsage}},
		{&a.issuing, &a.root, x509.Certificate{Subject: name("Issuing CA"), IsCA: true, KeyUsage: caUsage | x509.KeyUsageDigitalSignature}},
		{&a.stamps, &a.issuing, x509.Certificate{Subject: name("Time Stamps"), KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{stampsOnly}}},
		{&a.tlsRoot, &a.tlsRoot, x509.Certificate{Subject: name("TLS"), IsCA: true, KeyUsage: caUsage}},
		{&a.owner, &a.tlsRoot, x509.Certificate{
			Subject: pkix.Name{CommonName: customer}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}},
	} {
		if err := one.into.issue(one.issuer, one.template); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// stampsOnly is the extended key usage that RFC 3161 wants to be critical, which package x509 does not make.
var stampsOnly = pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: []byte{
	0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08,
}}

func name(role string) pkix.Name {
	return pkix.Name{CommonName: "Signing Simulation " + role, Organization: []string{"identikit simulation"}}
}

// issue makes a key, and a certificate of it by the issuer; an issuer of itself signs itself.
func (i *identity) issue(issuer *identity, template x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("ais simulator: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return fmt.Errorf("ais simulator: %w", err)
	}
	template.NotBefore, template.NotAfter, template.BasicConstraintsValid = longAgo, farOff, true
	i.key = key
	parent := issuer.cert
	if issuer == i {
		parent = &template
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, &key.PublicKey, issuer.key)
	if err != nil {
		return fmt.Errorf("ais simulator: %w", err)
	}
	i.cert, err = x509.ParseCertificate(der)
	return err
}

// serve makes the TLS server's certificate, for hosts that may differ from run to run.
func (a *authority) serve(hosts []string) error {
	template := x509.Certificate{
		Subject: name("Server"), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return a.server.issue(&a.tlsRoot, template)
}

// keep gives the authority in the form in which it is stored.
func (a *authority) keep() (map[string]kept, error) {
	all := map[string]kept{}
	for name, i := range a.members() {
		key, err := x509.MarshalPKCS8PrivateKey(i.key)
		if err != nil {
			return nil, fmt.Errorf("ais simulator: %w", err)
		}
		all[name] = kept{i.cert.Raw, key}
	}
	if a.signing != nil {
		key, err := x509.MarshalPKCS8PrivateKey(a.signing)
		if err != nil {
			return nil, fmt.Errorf("ais simulator: %w", err)
		}
		all["signing"] = kept{Key: key}
	}
	return all, nil
}

// openAuthority reads an authority that was kept.
func openAuthority(all map[string]kept) (*authority, error) {
	a := &authority{}
	for name, i := range a.members() {
		cert, err := x509.ParseCertificate(all[name].Certificate)
		if err != nil {
			return nil, fmt.Errorf("the kept certificate %s: %w", name, err)
		}
		key, err := x509.ParsePKCS8PrivateKey(all[name].Key)
		if err != nil {
			return nil, fmt.Errorf("the kept key %s: %w", name, err)
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("the kept key " + name + " cannot sign")
		}
		*i = identity{cert, signer}
	}
	if k, ok := all["signing"]; ok {
		key, err := x509.ParsePKCS8PrivateKey(k.Key)
		if err != nil {
			return nil, fmt.Errorf("the kept key signing: %w", err)
		}
		if a.signing, ok = key.(*rsa.PrivateKey); !ok {
			return nil, errors.New("the kept key signing is of another kind")
		}
	}
	return a, nil
}

// pem is an identity's certificate, for those who want to trust it.
func (i identity) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})
}

// writePEM puts the certificates beside the state, and the customer's key, so that other programs can check and call.
func (a *authority) writePEM(dir string) error {
	key, err := x509.MarshalPKCS8PrivateKey(a.owner.key)
	if err != nil {
		return fmt.Errorf("ais simulator: %w", err)
	}
	files := map[string][]byte{"tls-client-key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})}
	for name, i := range a.members() {
		files[name+".pem"] = i.pem()
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("ais simulator: %w", err)
		}
	}
	return nil
}

func (i identity) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{i.cert.Raw}, PrivateKey: i.key, Leaf: i.cert}
}

func pool(i identity) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(i.cert)
	return p
}

// ServerTLS is how the API is served: only to who has a certificate of the firm's.
func (s *Server) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.ca.server.tls()},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(s.ca.tlsRoot),
	}
}

// ClientCertificate is the customer's, by which it logs in.
func (s *Server) ClientCertificate() tls.Certificate { return s.ca.owner.tls() }

// TLSRoots are who vouches for the API's server.
func (s *Server) TLSRoots() *x509.CertPool { return pool(s.ca.tlsRoot) }

// TLSRootPEM is the same, for a file or a pool of others.
func (s *Server) TLSRootPEM() []byte { return s.ca.tlsRoot.pem() }

// TrustedCAs are who vouches for the signers' certificates and the time stamps.
func (s *Server) TrustedCAs() *x509.CertPool { return pool(s.ca.root) }

// TrustedPEM is the same, for a file.
func (s *Server) TrustedPEM() []byte { return s.ca.root.pem() }
