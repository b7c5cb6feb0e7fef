package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says where the server is and who asks. BaseURL, ClientID and
// ClientSecret are needed; the zero value of everything else works.
type Config struct {
	BaseURL      string // like https://kyc.example
	ClientID     string
	ClientSecret string `json:"-"`

	// TokenURL is where tokens come from, if not from BaseURL + /oauth2/token.
	TokenURL string
	// HTTPClient sends the requests. Redirects are not followed, whatever it
	// says. If nil, one is made that waits 150 seconds for an answer to begin.
	HTTPClient *http.Client `json:"-"`
	// Retries is how often a call that may be repeated is sent again: 0 means 3,
	// a negative number means never.
	Retries int
	// AllowHTTP lets secrets and personal data travel without TLS to another
	// machine. To this one they always may.
	AllowHTTP bool
	// UserAgent is told to the server.
	UserAgent string
}

// Format shows everything but the secret, in every verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "client.Config{BaseURL:%q ClientID:%q ClientSecret:[hidden]}", c.BaseURL, c.ClientID)
}

// Client speaks for one partner. It may be used from several goroutines.
type Client struct {
	base    string // without a slash at the end
	agent   string
	http    *http.Client
	tokens  *tokens
	retries int
	pause   func(context.Context, time.Duration) error
}

// New makes a client. It sends nothing: the first call fetches a token.
func New(cfg Config) (*Client, error) {
	if cfg.ClientID == "" || cfg.ClientSecret == "" {
		return nil, errors.New("identikit: ClientID and ClientSecret are needed")
	}
	base := strings.TrimRight(cfg.BaseURL, "/")
	tokenURL := cmp.Or(cfg.TokenURL, base+"/oauth2/token")
	if err := cmp.Or(checkURL("BaseURL", base, cfg.AllowHTTP), checkURL("TokenURL", tokenURL, cfg.AllowHTTP)); err != nil {
		return nil, err
	}
	retries := cfg.Retries
	if retries == 0 {
		retries = 3
	}
	c := &Client{
		base: base, agent: cmp.Or(cfg.UserAgent, "identikit-go-client"), retries: max(retries, 0),
		http: sender(cfg.HTTPClient), pause: pause,
	}
	c.tokens = &tokens{fetch: func(ctx context.Context) (token, error) {
		return c.fetchToken(ctx, tokenURL, cfg.ClientID, cfg.ClientSecret)
	}}
	return c, nil
}

// Format shows where the client speaks to; it holds secrets.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "client.Client{%s}", c.base) }

func checkURL(name, text string, allowHTTP bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("identikit: %s must be a URL like https://kyc.example, without query and credentials", name)
	case u.Scheme == "https":
	case u.Scheme != "http":
		return fmt.Errorf("identikit: %s must begin with https://", name)
	case !allowHTTP && !thisMachine(u.Hostname()):
		return fmt.Errorf("identikit: %s is not https, and %s is another machine; set AllowHTTP if that is meant", name, u.Hostname())
	}
	return nil
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// idleTimeout is how long the server may be silent before it answers.
const idleTimeout = 150 * time.Second

// sender makes the HTTP client: a redirect is an answer like any other, so that
// nobody is handed a token or a passport by being pointed to.
func sender(given *http.Client) *http.Client {
	var h http.Client
	if given != nil {
		h = *given
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.ResponseHeaderTimeout = idleTimeout
		t.MaxIdleConnsPerHost = 16
		h.Transport = t
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}
