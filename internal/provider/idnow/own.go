package idnow

import (
	"cmp"
	"encoding/json"
	"errors"

	"github.com/identikit/identikit/internal/provider"
)

// Settings are what a partner says of its own account at the firm. An empty
// origin is the one that the server itself uses.
type Settings struct {
	CompanyID  string `json:"company_id"`
	APIKey     string `json:"api_key"`
	GatewayURL string `json:"gateway_url,omitempty"`
	GoURL      string `json:"go_url,omitempty"`
}

// over gives the server's configuration with the partner's account in it.
func (s Settings) over(c Config) Config {
	c.CompanyID, c.APIKey = s.CompanyID, s.APIKey
	c.GatewayURL, c.GoURL = cmp.Or(s.GatewayURL, c.GatewayURL), cmp.Or(s.GoURL, c.GoURL)
	return c
}

// Encode checks the settings and returns the form in which they are kept.
func (s Settings) Encode() ([]byte, error) {
	if (s.GatewayURL == "") != (s.GoURL == "") {
		return nil, errors.New("idnow: the gateway URL and the go URL belong together: give both or neither")
	}
	if err := s.over(Config{GatewayURL: "https://gateway.idnow.de", GoURL: "https://go.idnow.de"}).Check(); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// Open returns the adapter of an account whose settings Encode made; what they
// do not say is as in the server's own configuration.
func Open(c Config, encoded []byte) (provider.Adapter, error) {
	var s Settings
	if err := json.Unmarshal(encoded, &s); err != nil {
		return provider.Adapter{}, errors.New("idnow: the partner's account cannot be read; set it again")
	}
	c = s.over(c)
	if err := c.Check(); err != nil {
		return provider.Adapter{}, err
	}
	return New(c), nil
}
