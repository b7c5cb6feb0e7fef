// Package httpapi is the partner API: it decodes a request, calls one verb of
// package flow and encodes what comes back. Rules live elsewhere; it knows the
// wire of partner-api.md and nothing of databases or providers.
package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Server serves the partner API.
type Server struct {
	flow    *flow.Service
	sandbox Sandbox
	inbound map[string]Inbound
	log     *slog.Logger
	public  string
	// maxUpload is the size of the largest file, in bytes.
	maxUpload int64
	totals    totals
	slots     *slots
	busy      busy
	throttle  throttle
	proxies   []netip.Prefix
	uploads   *slots
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
}

// Config is what a Server needs.
type Config struct {
	Flow      *flow.Service
	Sandbox   Sandbox            // nil in production: then there is no /sandbox
	Inbound   map[string]Inbound // where firms call us, by their name
	PublicURL string             // the origin that clients use; empty: as they called it
	MaxUpload int64              // bytes of the largest file; 0: DefaultMaxUpload
	// MaxConcurrent is how many calls a partner may have under way; 0: DefaultConcurrent.
	MaxConcurrent int
	// TrustedProxies are believed when they say, in X-Forwarded-For, where a request comes from.
	TrustedProxies []netip.Prefix
	Log            *slog.Logger
	Metrics        prometheus.Registerer
}

// Inbound is where a firm calls us: a path that cannot be guessed.
type Inbound struct {
	Secret   string
	Receiver provider.Receiver
}

// New makes the API's handler.
func New(c Config) http.Handler {
	s := &Server{
		flow: c.Flow, sandbox: c.Sandbox, inbound: c.Inbound, log: c.Log, public: c.PublicURL, maxUpload: cmp.Or(c.MaxUpload, DefaultMaxUpload),
		slots: newSlots(largeBodies, largeBodies/2), uploads: newSlots(uploads, uploadsOfOne), proxies: c.TrustedProxies,
	}
	s.busy.most = int64(cmp.Or(c.MaxConcurrent, DefaultConcurrent))
	s.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "identikit_http_requests_total", Help: "Requests to the partner API by route and status.",
	}, []string{"route", "status"})
	s.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "identikit_http_request_seconds", Help: "How long requests to the partner API took.",
		Buckets: []float64{.001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30},
	}, []string{"route"})
	c.Metrics.MustRegister(s.requests, s.seconds)
	return s.handler()
}

// call is one request on its way: who asks, and under which id.
type call struct {
	http.ResponseWriter
	*http.Request
	partnerID string
	requestID string
	route     string
	status    int
	wall      kyc.Clock
	slots     *slots
	places    []chan struct{} // of slots, held until the answer
	counted   *atomic.Int64   // of the partner's calls under way
}

// Header is the answer's; the request's own are c.Request.Header.
func (c *call) Header() http.Header { return c.ResponseWriter.Header() }

// WriteHeader remembers the status for log and metrics.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write is WriteHeader's companion for answers without an explicit status.
func (c *call) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// Context is the request's, marked with its id for the history.
func (c *call) Context() context.Context { return flow.WithRequestID(c.Request.Context(), c.requestID) }

// handle is the frame around every request: its id, its end in an error, a
// panic, the log line, the metrics.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, route string, fn func(*call) error) {
	started := s.flow.Wall.Now()
	c := &call{ResponseWriter: w, Request: r, route: route, requestID: r.Header.Get("X-Request-Id"), wall: s.flow.Wall, slots: s.slots}
	defer c.leave()
	if c.requestID == "" || !requestIDForm.MatchString(c.requestID) {
		c.requestID = id.UUID()
	}
	w.Header()["X-Request-Id"] = []string{c.requestID}
	defer s.observe(c, started)
	if err := s.guarded(c, fn); err != nil {
		s.writeError(c, err)
	}
}

// leave gives back what the request has held.
func (c *call) leave() {
	c.freeSlot()
	if c.counted != nil {
		c.counted.Add(-1)
	}
}

// observe counts the request and writes its line in the log.
func (s *Server) observe(c *call, started time.Time) {
	took := s.flow.Wall.Now().Sub(started)
	s.requests.WithLabelValues(c.route, strconv.Itoa(c.status)).Inc()
	s.seconds.WithLabelValues(c.route).Observe(took.Seconds())
	s.log.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("route", c.route), slog.Int("status", c.status),
		slog.Duration("took", took.Round(time.Microsecond)), slog.String("request_id", c.requestID), slog.String("partner", c.partnerID))
}

func (s *Server) guarded(c *call, fn func(*call) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.Error("a handler panicked", "route", c.route, "request_id", c.requestID, "panic", p, "stack", string(debug.Stack()))
			err = context.Canceled // anything that is not public: a bare 500
		}
	}()
	return fn(c)
}

// view reads for a handler.
func (s *Server) view(c *call, fn func(kyc.View) error) error {
	return s.flow.Store.View(c.Context(), fn)
}
