// Command webhook-receiver is what a partner runs: it takes webhooks, checks
// that they are genuine, and prints each event once. It needs package client and
// the standard library only, so that it can be copied.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/client"
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
	kind := r.Header.Get("Solaris-Webhook-Event-Type")
	if kind == string(client.EventSubscription) { // is anybody there? The secret follows in the answer to the subscription.
		fmt.Println("callout", kind)
		return
	}
	secret, err := os.ReadFile(rc.secretFile)
	if err != nil {
		http.Error(w, "not ready yet", http.StatusServiceUnavailable)
		return
	}
	event, err := client.VerifyWebhook(r, strings.TrimSpace(string(secret)))
	switch {
	case errors.Is(err, client.ErrSignature):
		fmt.Println("bad", kind, r.Header.Get("Solaris-Webhook-Id"))
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	case err != nil:
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.seen[event.ID] {
		fmt.Println("again", event.Type, event.ID)
		return
	}
	fmt.Printf("good %s %s\n", event.Type, event.Body)
	rc.seen[event.ID] = true // after the work is done: an answer that gets lost is followed by a repetition
}
