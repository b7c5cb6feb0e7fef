package fourthline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// pushTimeout is how long the company has to answer a push, in real time.
const pushTimeout = 10 * time.Second

// pushTries is how often a push is sent at most.
const pushTries = 24

// pushPause is how long to wait after so many tries in vain.
func pushPause(tries int) time.Duration {
	pauses := []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute}
	if tries > len(pauses) {
		return time.Hour
	}
	return pauses[tries-1]
}

// deliver sends one push and notes what became of it. It says no if that could not be saved. The caller holds s.running.
func (s *Server) deliver(ctx context.Context, v *verification, p push, now time.Time) bool {
	action := s.pushFault(v.Reference, p)
	if action == holdPush {
		return s.settle(ctx, v.Reference, p, func(p *push) bool { p.At = now.Add(heldPushAtMost); return true })
	}
	var sent error
	for range action.copies() {
		sent = s.send(ctx, v)
	}
	if sent != nil && ctx.Err() != nil { // given up by us, not by the company: it stays due
		return false
	}
	saved := s.settle(ctx, v.Reference, p, func(p *push) bool {
		if sent == nil {
			return false
		}
		p.Tries++
		p.At = now.Add(pushPause(p.Tries))
		s.cfg.Logger.WarnContext(ctx, "push was not taken", "verification", v.ID, "tries", p.Tries, "error", sent)
		return p.Tries < pushTries
	})
	s.releaseHeldPush(ctx, v.Reference, p, now)
	return saved
}

// settle lets f change a push that is still there, and drops it if f says no.
func (s *Server) settle(ctx context.Context, reference string, p push, f func(*push) bool) bool {
	err := s.change(reference, func(v *verification) error {
		i := slices.IndexFunc(v.Pushes, func(q push) bool { return q.N == p.N })
		if i < 0 {
			return errUnchanged
		}
		if !f(&v.Pushes[i]) {
			v.Pushes = slices.Delete(v.Pushes, i, i+1)
		}
		return nil
	})
	if err != nil {
		s.cfg.Logger.ErrorContext(ctx, "simulator could not save the state of a push", "error", err)
		return false
	}
	return true
}

// send tells the company that there is something to ask for; anything but a 2xx within the time is an error.
func (s *Server) send(ctx context.Context, v *verification) error {
	body, err := json.Marshal(map[string]string{"verificationId": v.ID, "clientReference": v.Reference})
	if err != nil {
		return fmt.Errorf("write push: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.PushURL+"/"+v.ID, bytes.NewReader(body))
	if err != nil {
		return errors.New("write push: the address is no URL")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) {
			err = detail.Err // without the address, which may be secret
		}
		return fmt.Errorf("send push: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<16); err != nil && err != io.EOF {
		return fmt.Errorf("read answer to push: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("send push: answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return nil
}
