package guard

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// outcome is the label of a call: what became of it.
type outcome string

const (
	answered   outcome = "answered"    // with a result, or that there is none yet
	refused    outcome = "refused"     // the provider says no
	badArchive outcome = "bad_archive" // an archive that breaks the rules
	failed     outcome = "failed"      // out of reach, garbage, or a fault of ours
	tooSlow    outcome = "too_slow"
	givenUp    outcome = "given_up" // by us, while it was under way
	notMade    outcome = "not_made" // the breaker is open, or all calls are taken
)

// fails tells whether the outcome speaks against the provider.
func fails(o outcome) bool { return o == failed || o == tooSlow }

func outcomeOf(err error) outcome {
	var bad *provider.BadArchive
	switch {
	case err == nil, errors.Is(err, provider.ErrNoResult):
		return answered
	case errors.Is(err, context.Canceled):
		return givenUp
	case errors.As(err, &bad):
		return badArchive
	case kyc.IsKind(err, kyc.Invalid), kyc.IsKind(err, kyc.NotFound), errors.Is(err, provider.ErrWrongPassword), errors.Is(err, provider.ErrNoAttempt):
		return refused
	case kyc.IsKind(err, kyc.Timeout):
		return tooSlow
	}
	return failed
}

// metrics are those of all accounts.
type metrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	opened  *prometheus.CounterVec
	guards  *Guards
}

var (
	stateDesc = prometheus.NewDesc("identikit_provider_breaker_state",
		"The breaker of an account: 0 closed, 1 trying one call, 2 open.", []string{"account"}, nil)
	inFlightDesc = prometheus.NewDesc("identikit_provider_calls_in_flight", "Calls to an account that are under way.", []string{"account"}, nil)
)

func newMetrics(r prometheus.Registerer, g *Guards) *metrics {
	m := &metrics{
		guards: g,
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "identikit_provider_calls_total", Help: "Calls to an account at a provider by what became of them.",
		}, []string{"account", "call", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "identikit_provider_call_seconds", Help: "How long calls took, tries and all.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 60},
		}, []string{"account", "call"}),
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "identikit_provider_breaker_opened_total", Help: "How often the breaker of an account opened.",
		}, []string{"account"}),
	}
	r.MustRegister(m.calls, m.seconds, m.opened, m)
	return m
}

func (m *metrics) count(x *account, call string, o outcome) {
	m.calls.WithLabelValues(x.name, call, string(o)).Inc()
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- stateDesc
	ch <- inFlightDesc
}

// Collect implements prometheus.Collector: what holds at this moment.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.guards.mu.Lock()
	defer m.guards.mu.Unlock()
	for name, x := range m.guards.accounts {
		ch <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, float64(x.breaker.State()), name)
		ch <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(len(x.slots)), name)
	}
}
