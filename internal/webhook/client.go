package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// errForbiddenAddress stops a dial to an address that is not public.
var errForbiddenAddress = errors.New("webhook: the address is not public")

// Client returns the client for webhooks. The address is checked when it is
// dialled, after the name was resolved, so that no name can point inside;
// redirects are answers, not ways. The sandbox may call any address: its
// receivers live on the same laptop or in the same build network.
func Client(sandbox bool, roots *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		return checkAddress(address, sandbox)
	}}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     90 * time.Second,
			ForceAttemptHTTP2:   true,
			// no Proxy: a proxy would dial for us, unchecked
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // the answer's first bytes as they came
		},
	}
}

func checkAddress(address string, sandbox bool) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return errForbiddenAddress
	}
	if sandbox {
		return nil // whose URL may be plain http was checked when it was registered
	}
	ip := a.Addr().WithZone("").Unmap() // no range holds an address with a zone
	if !ip.IsGlobalUnicast() {
		return errForbiddenAddress
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return errForbiddenAddress
		}
	}
	return nil
}

// notPublic are the ranges of the special-purpose registries (RFC 6890 and its
// successors) that IsGlobalUnicast lets through. Of IPv6 only 2000::/3 is handed
// out; what lies outside is reserved, local, or carries IPv4 addresses inside.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"168.63.129.16/32", // the fabric address of a large cloud
	"::/3", "4000::/2", "8000::/1",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}
