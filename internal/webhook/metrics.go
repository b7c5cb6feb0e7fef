package webhook

import "github.com/prometheus/client_golang/prometheus"

// NewMetrics registers the counter of delivery attempts.
func NewMetrics(r prometheus.Registerer) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "identikit_webhook_attempts_total", Help: "Attempts to deliver a notification by the class of the answer.",
	}, []string{"answer"})
	r.MustRegister(c)
	return c
}

// class is the label of an answer: 2xx, 4xx, …, or none.
func class(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return string(rune('0'+status/100)) + "xx"
}
