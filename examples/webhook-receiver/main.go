// Command webhook-receiver is what a partner runs: it takes webhooks, checks
// that they are genuine, and prints each event once. It needs the standard
// library only, so that it can be copied.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen; port 0 takes any")
	secretFile := flag.String("secret-file", "", "the file with the secret that the subscription was answered with")
	readyFile := flag.String("ready-file", "", "write the URL here once everything serves")
	flag.Parse()
	log.SetFlags(0)
	if err := run(*addr, *secretFile, *readyFile); err != nil {
		log.Fatal("webhook-receiver: ", err)
	}
}

func run(addr, secretFile, readyFile string) error {
	if secretFile == "" {
		return errors.New("--secret-file is needed; the file may be written later, when you have subscribed")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String() + "/"
	if readyFile != "" {
		if err := os.WriteFile(readyFile+".new", []byte(url+"\n"), 0o600); err != nil {
			return err
		}
		if err := os.Rename(readyFile+".new", readyFile); err != nil {
			return err
		}
	}
	fmt.Println("ready", url)
	srv := &http.Server{Handler: &receiver{secretFile: secretFile, seen: map[string]bool{}}, ReadTimeout: 30 * time.Second}
	return srv.Serve(l)
}

// receiver takes webhooks and remembers which it has seen.
type receiver struct {
	secretFile string

	mu   sync.Mutex
	seen map[string]bool // by Solaris-Webhook-Id; a real one keeps them in its database
}

// ServeHTTP answers 2xx to what was taken or is not wanted again. Anything else
// makes the server send it once more, later.
func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	event, id := r.Header.Get("Solaris-Webhook-Event-Type"), r.Header.Get("Solaris-Webhook-Id")
	if event == "WEBHOOK-SUBSCRIPTION" { // is anybody there? The secret follows in the answer to the subscription.
		fmt.Println("callout", event)
		return
	}
	secret, err := os.ReadFile(rc.secretFile)
	if err != nil {
		http.Error(w, "not ready yet", http.StatusServiceUnavailable)
		return
	}
	if !genuine(strings.TrimSpace(string(secret)), r.Header.Get("Solaris-Webhook-Signature"), body) {
		fmt.Println("bad", event, id)
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.seen[id] {
		fmt.Println("again", event, id)
		return
	}
	fmt.Printf("good %s %s\n", event, body)
	rc.seen[id] = true // after the work is done: an answer that gets lost is followed by a repetition
}

// genuine checks the signature: HMAC-SHA256 over the bytes of the body, keyed
// with the secret as it was handed out, in hexadecimal. The comparison takes as
// long for a near miss as for a far one.
func genuine(secret, signature string, body []byte) bool {
	if secret == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(signature))
}
