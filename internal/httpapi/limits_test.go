package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/httpapi"
)

// TestIntricateBodies: a body may nest and hold so much and no more, and what
// stands in a text does not count.
func TestIntricateBodies(t *testing.T) {
	nested := func(depth int) string {
		return `{"x":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
	}
	for name, c := range map[string]struct {
		body string
		good bool
	}{
		"32 deep":           {nested(32), true},
		"33 deep":           {nested(33), false},
		"10,000 deep":       {nested(10_000), false},
		"4,000 items":       {`{"x":[0` + strings.Repeat(",0", 4000) + `]}`, true},
		"5,000 items":       {`{"x":[0` + strings.Repeat(",0", 5000) + `]}`, false},
		"5,000 members":     {`{"x":0` + strings.Repeat(`,"x":0`, 5000) + `}`, false},
		"brackets in texts": {`{"x":"` + strings.Repeat(`[{,\"\\`, 5000) + `"}`, true},
	} {
		_, err := httpapi.Decode("application/json", []byte(c.body))
		if (err == nil) != c.good || (err != nil && httpapi.StatusOf(err) != http.StatusBadRequest) {
			t.Errorf("%s: %v, want good %t", name, err, c.good)
		}
	}
}

// TestLargeBodies: only a few large bodies are in memory at a time, and half of
// them at most are one partner's; small ones do not wait for them, and a place
// is free again when its request is answered.
func TestLargeBodies(t *testing.T) {
	servers := newPair(t, false)
	servers.each(t, func(t *testing.T, s *inProcess) {
		begin := func() (body *io.PipeWriter, done chan int) {
			r, body := io.Pipe()
			done = make(chan int, 1)
			req := httptest.NewRequest("POST", "/v1/persons", r)
			req.Header.Set("Authorization", "Bearer "+s.token)
			go func() {
				rec := httptest.NewRecorder()
				s.handler.ServeHTTP(rec, req)
				done <- rec.Code
			}()
			_, _ = body.Write(bytes.Repeat([]byte(" "), httpapi.SmallBody)) // read without a place
			return body, done
		}
		var bodies []*io.PipeWriter
		var answers []chan int
		for range httpapi.LargeBodies / 2 {
			body, done := begin()
			_, _ = body.Write([]byte(" ")) // taken only by one who has a place
			bodies, answers = append(bodies, body), append(answers, done)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		waiting := httptest.NewRequest("POST", "/v1/persons", strings.NewReader(strings.Repeat(" ", 2*httpapi.SmallBody))).WithContext(ctx)
		waiting.Header.Set("Authorization", "Bearer "+s.token)
		left := make(chan struct{})
		go func() {
			defer close(left)
			s.handler.ServeHTTP(httptest.NewRecorder(), waiting)
		}()
		s.make(t, "/v1/persons", `{"first_name":"Anna","last_name":"M"}`)
		select {
		case <-left:
			t.Error("one large body too many was read")
		default:
		}
		hangUp()
		<-left
		for i, body := range bodies {
			_, _ = body.Write([]byte(`{"first_name":"Anna","last_name":"M"}`))
			body.Close()
			if status := <-answers[i]; status != http.StatusCreated {
				t.Errorf("a large body was answered with %d", status)
			}
		}
		if a := s.send(t, "POST", "/v1/persons", strings.Repeat(" ", 2*httpapi.SmallBody)+`{"first_name":"Anna","last_name":"M"}`); a.status != http.StatusCreated {
			t.Errorf("after all: %d %s", a.status, a.body)
		}
	})
}

// hungUp runs a request whose client hangs up: it is cut, and not answered.
func hungUp(t *testing.T, request func()) {
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("answered, or %v", p)
		}
	}()
	request()
}

// TestClientGone: a client that hangs up is no failure for somebody to look at.
func TestClientGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var log bytes.Buffer
	hungUp(t, func() {
		httpapi.Serve(slog.New(slog.NewTextHandler(&log, nil)), httptest.NewRequest("GET", "/v1/persons", nil).WithContext(ctx),
			func(http.ResponseWriter) error { return ctx.Err() })
	})
	if strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), "status=499") {
		t.Error(log.String())
	}
}
