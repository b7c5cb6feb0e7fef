package xs2a

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

// push is the telling of one event.
type push struct {
	Event int       // index in session.Events
	At    time.Time // when it is sent next
	Tries int       // how often it was sent in vain
}

// pushTimeout is how long the company has to answer a push, in real time.
const pushTimeout = 10 * time.Second

// pushTries is how often a push is sent at most. Our choice, like the pauses.
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
func (s *Server) deliver(ctx context.Context, ses *session, p push, now time.Time) bool {
	action := s.pushFault(ses.Tx, p)
	if action == holdPush {
		return s.settle(ctx, ses.Tx, p, func(p *push) bool { p.At = now.Add(heldPushAtMost); return true })
	}
	var sent error
	for range action.copies() {
		sent = s.send(ctx, ses.Events[p.Event])
	}
	if sent != nil && ctx.Err() != nil { // given up by us, not by the company: it stays due
		return false
	}
	saved := s.settle(ctx, ses.Tx, p, func(p *push) bool {
		if sent == nil {
			return false
		}
		p.Tries++
		p.At = now.Add(pushPause(p.Tries))
		s.cfg.Logger.WarnContext(ctx, "push was not taken", "transaction", ses.Tx, "tries", p.Tries, "error", sent)
		return p.Tries < pushTries
	})
	s.releaseHeldPush(ctx, ses.Tx, p, now)
	return saved
}

// settle lets f change a push that is still in its session, and drops it if f says no.
func (s *Server) settle(ctx context.Context, tx string, p push, f func(*push) bool) bool {
	err := s.change(tx, func(ses *session) error {
		i := slices.IndexFunc(ses.Pushes, func(q push) bool { return q.Event == p.Event })
		if i < 0 {
			return errUnchanged
		}
		if !f(&ses.Pushes[i]) {
			ses.Pushes = slices.Delete(ses.Pushes, i, i+1)
		}
		return nil
	})
	if err != nil && err != ErrNoSession { // it may have been deleted while the push was under way
		s.cfg.Logger.ErrorContext(ctx, "simulator could not save the state of a push", "error", err)
		return false
	}
	return true
}

// send POSTs an event to the company; anything but a 2xx within the time is an error.
func (s *Server) send(ctx context.Context, e event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write push: %w", err)
	}
	status, err := s.post(ctx, body)
	if err == nil && (status < 200 || status > 299) {
		err = fmt.Errorf("send push: answered %d %s", status, http.StatusText(status))
	}
	return err
}

// post POSTs a body to where pushes go and returns the status of the answer.
func (s *Server) post(ctx context.Context, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.PushURL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("write push: the address is no URL")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) {
			err = detail.Err // without the address, which may be secret
		}
		return 0, fmt.Errorf("send push: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<16); err != nil && err != io.EOF {
		return 0, fmt.Errorf("read answer to push: %w", err)
	}
	return resp.StatusCode, nil
}
