package httpapi

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// The limits of large bodies.
const (
	SmallBody   = smallBody
	LargeBodies = largeBodies
	// UploadsOfOne is how many uploads one partner may have under way.
	UploadsOfOne = uploadsOfOne
)

// ErrBusy is what a partner is told that has so many calls under way.
func ErrBusy(most int) error { return (&busy{most: int64(most)}).errBusy() }

// SandboxOnly tells whether the route is not there in production.
func (r Route) SandboxOnly() bool { return r.sandbox }

// ClientAddress reads X-Forwarded-For.
var ClientAddress = clientAddress

// Disposition is for the tests of package httpapi_test.
var Disposition = disposition

// PageOf reads the page that a query asks for.
func PageOf(rawQuery string) (p kyc.Page, number, size int, err error) {
	r := httptest.NewRequest("GET", "/v1/persons", nil)
	r.URL.RawQuery = rawQuery
	return pageOf(&call{Request: r}, maxPageSize)
}

// Decode reads a body as a handler does.
func Decode(contentType string, body []byte) (map[string]any, error) {
	r := httptest.NewRequest("POST", "/v1/persons", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return decode(&call{ResponseWriter: httptest.NewRecorder(), Request: r, wall: clock.Real{}, slots: newSlots(1, 1)})
}

// StatusOf is the status that an error is answered with.
func StatusOf(err error) int {
	_, status := public(err)
	return status
}

// Produces says whether the code is one of ours.
func Produces(code string) bool { return titles[code] != "" }

// Serve answers r by fn in the frame that every request has.
func Serve(log *slog.Logger, r *http.Request, fn func(w http.ResponseWriter) error) *httptest.ResponseRecorder {
	s := &Server{flow: &flow.Service{Wall: clock.Real{}}, log: log}
	s.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "n"}, []string{"route", "status"})
	s.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "s"}, []string{"route"})
	w := httptest.NewRecorder()
	s.handle(w, r, r.Method+" "+r.URL.Path, func(c *call) error { return fn(c) })
	return w
}

// Throttle is throttle for tests with a clock of their own.
type Throttle struct{ throttle }

// Ask is throttle.ask.
func (t *Throttle) Ask(a netip.Prefix, client string, now time.Time) time.Duration {
	return t.ask(a, client, now)
}

// Failed is throttle.failed.
func (t *Throttle) Failed(a netip.Prefix, client string, now time.Time) { t.failed(a, client, now) }

// Succeeded is throttle.succeeded.
func (t *Throttle) Succeeded(a netip.Prefix, client string) { t.succeeded(a, client) }

// Len is how many are remembered.
func (t *Throttle) Len() int { return len(t.records) }
