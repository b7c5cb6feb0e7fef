package flow

import (
	"context"
	"net/netip"
	"net/url"
	"slices"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// maxSubscriptions is how many subscriptions a partner may have to one event:
// each change writes a notification for each of them.
const maxSubscriptions = 100

// roomFor refuses one subscription too many.
func roomFor(v interface {
	ByEvent(partnerID, eventType string) ([]kyc.Subscription, error)
}, sub kyc.Subscription) error {
	there, err := v.ByEvent(sub.PartnerID, sub.EventType)
	if err == nil && len(there) >= maxSubscriptions {
		err = kyc.InvalidFields([]kyc.FieldError{{Field: "event_type", Message: "has 100 subscriptions already, which is as many as there may be; end one first"}})
	}
	return err
}

// Subscribe makes a webhook subscription after the verification callout was
// answered. The secret is returned once and stored sealed, since it signs.
func (s *Service) Subscribe(ctx context.Context, partnerID string, body map[string]any) (kyc.Subscription, string, error) {
	f := &fields{body: body}
	sub := kyc.Subscription{PartnerID: partnerID, EventType: f.text("event_type", 255), URL: f.text("url", 2048)}
	switch {
	case sub.EventType == "":
		f.fail("event_type", "can't be blank")
	case !slices.Contains(kyc.EventTypes, sub.EventType):
		f.fail("event_type", "is not an event type that can be subscribed to")
	}
	if sub.URL == "" {
		f.fail("url", "can't be blank")
	}
	if err := kyc.InvalidFields(f.broken); err != nil {
		return sub, "", err
	}
	if err := s.checkWebhookURL(sub.URL); err != nil {
		return sub, "", err
	}
	secret := id.Secret()
	var err error
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if err := roomFor(tx.Subscriptions(), sub); err != nil {
			return err
		}
		sub.ID, err = tx.NewID(id.Plain)
		return err
	})
	if err != nil {
		return sub, "", err
	}
	if err := s.Caller.Verify(ctx, sub, secret); err != nil {
		return sub, "", err
	}
	if sub.SealedSecret, err = s.Master.Seal([]byte(secret), "secret of "+sub.ID); err != nil {
		return sub, "", err
	}
	return sub, secret, s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if err := roomFor(tx.Subscriptions(), sub); err != nil {
			return err // others were made meanwhile
		}
		sub.CreatedAt = tx.Now()
		return tx.Subscriptions().Insert(sub)
	})
}

// checkWebhookURL allows https; in the sandbox plain http to this machine too.
func (s *Service) checkWebhookURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return kyc.InvalidFields([]kyc.FieldError{{Field: "url", Message: "is not an absolute URL like https://bank.example/hooks"}})
	}
	address, err := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || (err == nil && address.IsLoopback())
	if u.Scheme == "https" || (s.Sandbox && u.Scheme == "http" && loopback) {
		return nil
	}
	return kyc.Fail(kyc.Invalid, "unsafe_webhook_url", "The webhook URL must use https.")
}

// Unsubscribe removes a subscription and drops what is queued for it.
func (s *Service) Unsubscribe(ctx context.Context, partnerID, id string) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if _, err := tx.Subscriptions().Find(partnerID, id); err != nil {
			return err
		}
		return tx.Subscriptions().Delete(id)
	})
}

// Resume sends the verification callout to a paused subscription and lets what
// is queued go on (rulings §4).
func (s *Service) Resume(ctx context.Context, id string) error {
	var sub kyc.Subscription
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		sub, err = v.Subscriptions().Get(id)
		return err
	})
	if err != nil {
		return err
	}
	secret, err := s.secretOf(sub)
	if err != nil {
		return err
	}
	if err := s.Caller.Verify(ctx, sub, secret); err != nil {
		return err
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if err := tx.Subscriptions().SetPaused(id, false); err != nil {
			return err
		}
		return tx.Jobs().Park(id, false)
	})
}

// secretOf is what the subscription's messages are signed with.
func (s *Service) secretOf(sub kyc.Subscription) (string, error) {
	plain, err := s.Master.Open(sub.SealedSecret, "secret of "+sub.ID)
	return string(plain), err
}
