package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/kyc"
)

// webhookView shows the secret once: when the subscription is made. That it may
// be paused, and that one can see it, is ours.
type webhookView struct {
	ID        string  `json:"id"`
	EventType string  `json:"event_type"`
	URL       string  `json:"url"`
	Secret    *string `json:"secret"`
	Paused    bool    `json:"paused"`
}

func viewWebhook(s kyc.Subscription, secret string) webhookView {
	return webhookView{ID: s.ID, EventType: s.EventType, URL: s.URL, Secret: kyc.Optional(secret), Paused: s.Paused}
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
	return writeList(s, c, list[kyc.Subscription]{
		read: func(v kyc.View, p kyc.Page) ([]kyc.Subscription, error) {
			return v.Subscriptions().List(c.partnerID, p)
		},
		count: func(v kyc.View, atMost int) (int, error) { return v.Subscriptions().Count(c.partnerID, atMost) },
		show:  func(sub kyc.Subscription) ([]byte, error) { return marshal(viewWebhook(sub, "")) },
	})
}

func (s *Server) getWebhook(c *call) error {
	sub, err := s.subscription(c)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewWebhook(sub, ""))
}

// subscription reads the one of the path.
func (s *Server) subscription(c *call) (sub kyc.Subscription, err error) {
	err = s.view(c, func(v kyc.View) error {
		sub, err = v.Subscriptions().Find(c.partnerID, c.PathValue("id"))
		return err
	})
	return sub, err
}

func (s *Server) deleteWebhook(c *call) error {
	if err := s.flow.Unsubscribe(c.Context(), c.partnerID, c.PathValue("id")); err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}
