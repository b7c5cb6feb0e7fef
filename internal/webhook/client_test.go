package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestCheckAddress: outside of the sandbox only public addresses are dialled.
func TestCheckAddress(t *testing.T) {
	for address, allowed := range map[string]bool{
		"93.184.216.34:443": true, "[2606:2800:220:1:248:1893:25c8:1946]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false,
		"169.254.169.254:80": false, "100.64.0.1:443": false, "0.0.0.0:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"168.63.129.16:80": false, "[fe80::1]:443": false, "[fd00:ec2::254]:80": false, "[fc00::1]:443": false, "[ff02::1]:443": false,
		"[::ffff:10.0.0.1]:443": false, "[64:ff9b::a9fe:a9fe]:80": false, "[2002:7f00:1::]:443": false, "[::7f00:1]:443": false,
		"[2001:db8::1]:443": false, "[fd00:ec2::254%eth0]:443": false, "[64:ff9b::a9fe:a9fe%1]:80": false, "192.0.2.1:443": false, "198.18.0.1:443": false, "no address": false,
	} {
		if err := checkAddress(address, false); (err == nil) != allowed {
			t.Errorf("%s: %v, want allowed %t", address, err, allowed)
		}
		if err := checkAddress(address, true); err != nil && address != "no address" {
			t.Errorf("the sandbox refuses %s: %v", address, err)
		}
	}
}

// TestClientRefusesLoopback: the check is made when the address is dialled,
// whatever name led there.
func TestClientRefusesLoopback(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	resp, err := Client(false, nil).Get(srv.URL)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, errForbiddenAddress) {
		t.Errorf("got %v", err)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{"ok": "ok", "a\x00b": "ab", "gr\xc3\xbc\xc3": "grü", "\xff\xfe": "", "x\xffy": "xy"} {
		if got := printable([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
