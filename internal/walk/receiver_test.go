package walk

import (
	"strconv"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/testkit"
)

// attempt is one try to deliver a notification, as the receiver saw it.
type attempt struct {
	subscription, notification, event, entity, body string
	number                                          int
	at                                              time.Time // the sandbox's clock, in whole seconds
	answered                                        int
}

// settled tells whether the receiver's answer ends the notification.
func (a attempt) settled() bool {
	return a.delivered() || a.answered == 410 || a.answered == 422 || a.number >= maxDeliveries
}

func (a attempt) delivered() bool { return a.answered >= 200 && a.answered < 300 }

// answering is what a subscription's receiver answers, so many times; then 200.
type answering struct{ status, times int }

// deliveries is what came at the receiver, in the order in which it came.
type deliveries struct {
	mu       sync.Mutex
	attempts []attempt
	answers  map[string]*answering
}

// take writes a notification down and says what it is answered.
func (d *deliveries) take(h testkit.Hook) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	number, _ := strconv.Atoi(h.Header.Get("Solaris-Webhook-Attempt"))
	seconds, _ := strconv.ParseInt(h.Header.Get("Solaris-Webhook-Callout-Timestamp"), 10, 64)
	a := attempt{
		subscription: h.Header.Get("Solaris-Webhook-Subscription-Id"), notification: h.Header.Get("Solaris-Webhook-Id"),
		event: h.Header.Get("Solaris-Webhook-Event-Type"), entity: h.Header.Get("Solaris-Entity-Id"), body: string(h.Body),
		number: number, at: time.Unix(seconds, 0).UTC(), answered: 200,
	}
	if x := d.answers[a.subscription]; x != nil && x.times > 0 {
		x.times--
		a.answered = x.status
	}
	d.attempts = append(d.attempts, a)
	return a.answered
}

// answer sets what is answered to the next notifications of a subscription.
func (d *deliveries) answer(subscription string, status, times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers[subscription] = &answering{status, times}
}

// of returns what came for a subscription.
func (d *deliveries) of(subscription string) (all []attempt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.attempts {
		if a.subscription == subscription {
			all = append(all, a)
		}
	}
	return all
}

// forget drops what came so far: the walk that it belonged to is over.
func (d *deliveries) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts, d.answers = nil, map[string]*answering{}
}

// letter is one event as the receiver saw it: all attempts of a notification.
type letter struct {
	attempts []attempt
	arrived  []int // where the attempts stand among all of the subscription
}

func (l letter) last() attempt { return l.attempts[len(l.attempts)-1] }

// letters groups the attempts for one entity by notification, in the order in
// which the notifications came first.
func letters(all []attempt, event, entity string) (list []*letter) {
	byID := map[string]*letter{}
	for n, a := range all {
		if a.event != event || a.entity != entity {
			continue
		}
		l := byID[a.notification]
		if l == nil {
			l = &letter{}
			byID[a.notification] = l
			list = append(list, l)
		}
		l.attempts, l.arrived = append(l.attempts, a), append(l.arrived, n)
	}
	return list
}
