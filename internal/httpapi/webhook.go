package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/kyc"
)

// webhookView shows the secret once: when the subscription is made.
type webhookView struct {
	ID        string  `json:"id"`
	EventType string  `json:"event_type"`
	URL       string  `json:"url"`
	Secret    *string `json:"secret"`
}

func viewWebhook(s kyc.Subscription, secret string) webhookView {
	return webhookView{ID: s.ID, EventType: s.EventType, URL: s.URL, Secret: optional(secret)}
}

func (s *Server) createWebhook(c *call) error {
	in, err := decode(c)
	if err != nil {
		return err
	}
	sub, secret, err := s.flow.Subscribe(c.Context(), c.partnerID, in)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusCreated, viewWebhook(sub, secret))
}

func (s *Server) listWebhooks(c *call) error {
	page, number, size, err := pageOf(c)
	if err != nil {
		return err
	}
	var items []any
	var total int
	err = s.view(c, func(v kyc.View) error {
		all, err := v.Subscriptions().List(c.partnerID, page)
		if err != nil {
			return err
		}
		for _, sub := range all {
			items = append(items, viewWebhook(sub, ""))
		}
		total, err = v.Subscriptions().Count(c.partnerID, countAll)
		return err
	})
	if err != nil {
		return err
	}
	return s.writeList(c, items, number, size, total)
}

func (s *Server) getWebhook(c *call) error {
	var sub kyc.Subscription
	err := s.view(c, func(v kyc.View) (err error) {
		sub, err = v.Subscriptions().Find(c.partnerID, c.PathValue("id"))
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewWebhook(sub, ""))
}

func (s *Server) deleteWebhook(c *call) error {
	if err := s.flow.Unsubscribe(c.Context(), c.partnerID, c.PathValue("id")); err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}
