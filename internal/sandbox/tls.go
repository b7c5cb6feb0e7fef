package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/identikit/identikit/internal/clock"
)

// certificates returns what the listeners need for TLS: nothing without --tls.
// The sandbox's own CA is made once; a certificate is made at every start.
func (w *World) certificates() (*tls.Config, *x509.CertPool, *string, error) {
	if w.opts.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(w.opts.CertFile, w.opts.KeyFile)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, nil, nil, err
		}
		roots.AddCert(cert.Leaf)
		return serverTLS(cert), roots, nil, nil
	}
	if !w.opts.TLS {
		return nil, nil, nil, nil
	}
	caFile, err := filepath.Abs(filepath.Join(w.opts.Data, "ca.pem"))
	if err != nil {
		return nil, nil, nil, err
	}
	ca, err := loadOrMakeCA(caFile, filepath.Join(w.opts.Data, "ca.key"))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the sandbox's CA: %w", err)
	}
	host, _, err := net.SplitHostPort(w.opts.Addr)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("--addr must be HOST:PORT: %w", err)
	}
	cert, err := leaf(ca, host)
	if err != nil {
		return nil, nil, nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, nil, nil, err
	}
	roots.AddCert(ca.Leaf)
	return serverTLS(cert), roots, &caFile, nil
}

func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

func loadOrMakeCA(certFile, keyFile string) (tls.Certificate, error) {
	if _, err := os.Stat(certFile); err == nil {
		return tls.LoadX509KeyPair(certFile, keyFile)
	}
	now := clock.Real{}.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "identikit sandbox CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, MaxPathLenZero: true,
	}
	cert, err := sign(template, nil)
	if err != nil {
		return cert, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return cert, err
	}
	if err := WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})); err != nil {
		return cert, err
	}
	return cert, WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))
}

func leaf(ca tls.Certificate, host string) (tls.Certificate, error) {
	now := clock.Real{}.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "identikit sandbox"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	return sign(template, &ca)
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // never fails (documented since Go 1.24)
	}
	return n
}

// sign makes a key and a certificate for it, by the CA or by itself.
func sign(template *x509.Certificate, ca *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := template, any(key)
	if ca != nil {
		parent, signer = ca.Leaf, ca.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	chain := [][]byte{der}
	return tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: parsed}, nil
}
