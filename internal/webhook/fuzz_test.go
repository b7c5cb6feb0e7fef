package webhook

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
)

// FuzzCheckAddress: outside of the sandbox nothing is dialled that the standard
// library calls private, local or special, in whatever spelling.
func FuzzCheckAddress(f *testing.F) {
	for _, address := range []string{
		"93.184.216.34:443", "127.0.0.1:80", "[::ffff:10.0.0.1]:443", "[64:ff9b::a9fe:a9fe%1]:80", "[fd00:ec2::254]:80", "169.254.169.254:80", "[::1]", "0x7f.1:80",
		"[2002:7f00:1::]:443", "[fe80::1%eth0]:443", "[2606:2800:220:1:248:1893:25c8:1946]:443", "1.2.3.4:99999", "bank.example:443", "",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if checkAddress(address, false) != nil {
			return
		}
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			t.Fatalf("%q would be dialled: %v", address, err)
		}
		ip := a.Addr().WithZone("").Unmap()
		if ip.IsPrivate() || ip.IsLoopback() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsInterfaceLocalMulticast() {
			t.Errorf("%q would be dialled", address)
		}
		if b := ip.As16(); ip.Is6() && b[0]>>5 != 1 {
			t.Errorf("%q would be dialled, and nobody has been given such an address", address)
		}
	})
}

// FuzzPrintable: of a receiver's answer only text that a column can hold is kept.
func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"ok", "a\x00b", "gr\xc3\xbc\xc3", "\xff\xfe", strings.Repeat("ü", 256), "\xf0\x9f\xaa"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		kept := printable(append([]byte{}, answer...))
		if !utf8.ValidString(kept) || strings.Contains(kept, "\x00") || len(kept) > len(answer) {
			t.Errorf("%q became %q", answer, kept)
		}
		if utf8.Valid(answer) && kept != strings.ReplaceAll(string(answer), "\x00", "") {
			t.Errorf("%q became %q, though it was text", answer, kept)
		}
		if again := printable([]byte(kept)); again != kept {
			t.Errorf("%q became %q, then %q", answer, kept, again)
		}
	})
}

// wire is a connection to a receiver that says these bytes to everybody.
func wire(answer []byte) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					req, err := http.ReadRequest(bufio.NewReader(theirs))
					if err != nil {
						return
					}
					go func() { _, _ = io.Copy(io.Discard, req.Body) }() // it ends with the connection
					_, _ = theirs.Write(answer)                          // the sender may have heard enough
				}()
				return ours, nil
			},
		},
	}
}

// FuzzReceiverAnswer: whatever a receiver says, the attempt has a status or a
// reason why there is none, and a callout only counts when it was answered 2xx.
func FuzzReceiverAnswer(f *testing.F) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\nshort", "HTTP/1.1 999 X\r\n\r\n\xff\x00",
		"HTTP/1.1 301 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/0.9 0\r\n", "", "<html>",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &Sender{Client: wire(raw), Clock: clock.Real{}, Wall: clock.Real{}, Version: "test"}
		status, answer, err := s.post(t.Context(), message{url: "http://receiver.example/", id: "i", subscription: "s", event: "e", entity: "e", secret: "s", body: []byte("{}")})
		if (err == nil) != (status > 0) || (err == nil) != (failure(err) == "") || status > 999 {
			t.Errorf("status %d and %v", status, err)
		}
		if !utf8.ValidString(answer) || strings.Contains(answer, "\x00") || len(answer) > answerBytes {
			t.Errorf("%q was kept", answer)
		}
		err = s.Verify(t.Context(), kyc.Subscription{ID: "s", URL: "http://receiver.example/"}, "secret")
		var refused *kyc.Error
		if (err == nil) != (status >= 200 && status <= 299) {
			t.Errorf("a callout answered with %d: %v", status, err)
		} else if err != nil && (!errors.As(err, &refused) || refused.Code != "invalid_webhook_url" || strings.Contains(refused.Detail, "receiver.example")) {
			t.Errorf("%v", err)
		}
	})
}
