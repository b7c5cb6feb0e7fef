package httpapi

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// authenticate reads the bearer token and says which partner asks.
func (s *Server) authenticate(c *call) error {
	header := c.Request.Header.Get("Authorization")
	if header == "" {
		return kyc.Fail(kyc.Unauthenticated, "token_required", "An access token is required: send the header Authorization: Bearer <token>.")
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 256 {
		return kyc.Fail(kyc.Unauthenticated, "invalid_token", "The access token is malformed: send the header Authorization: Bearer <token>.")
	}
	partnerID, err := s.flow.Authenticate(c.Context(), token)
	c.partnerID = partnerID
	return err
}

type tokenView struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope,omitempty"`
	TokenType   string `json:"token_type"`
}

// expiresIn is what the API says of a token of one hour (partner-api.md §1.2).
const expiresIn = 3599

func (s *Server) issueToken(c *call) error {
	token, err := s.tokenFor(c, false)
	if err != nil {
		return err
	}
	return writeToken(c, tokenView{AccessToken: token, TokenType: "bearer", ExpiresIn: expiresIn, Scope: "partners"})
}

// issueLegacyToken is the deprecated path: more forms of asking, no scope (partner-api.md §1.4).
func (s *Server) issueLegacyToken(c *call) error {
	token, err := s.tokenFor(c, true)
	if err != nil {
		return err
	}
	return writeToken(c, tokenView{AccessToken: token, TokenType: "Bearer", ExpiresIn: expiresIn})
}

func writeToken(c *call, v tokenView) error {
	c.Header().Set("Cache-Control", "no-store")
	return writeJSON(c, http.StatusOK, v)
}

func (s *Server) tokenFor(c *call, legacy bool) (string, error) {
	params, err := tokenParams(c, legacy)
	if err != nil {
		return "", err
	}
	switch grant := params.Get("grant_type"); grant {
	case "client_credentials":
	case "":
		return "", kyc.Fail(kyc.Invalid, "validation_error", "grant_type is missing; it must be client_credentials.")
	default:
		return "", kyc.Fail(kyc.Invalid, "validation_error", "grant_type must be client_credentials.")
	}
	clientID, secret, ok := c.Request.BasicAuth()
	if ok {
		clientID, secret = unescape(clientID), unescape(secret) // RFC 6749, §2.3.1
	} else {
		clientID, secret = params.Get("client_id"), params.Get("client_secret")
	}
	return s.flow.IssueToken(c.Context(), clientID, secret)
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// tokenParams reads a form, on the legacy path also JSON and the query.
func tokenParams(c *call, legacy bool) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if legacy && isJSON(kind) {
		body, err := decode(c)
		if err != nil {
			return nil, err
		}
		params := url.Values{}
		for name, v := range body {
			if text, ok := v.(string); ok {
				params.Set(name, text)
			}
		}
		return params, nil
	}
	if kind != "" && kind != "application/x-www-form-urlencoded" && !(legacy && c.ContentLength == 0) {
		return nil, kyc.Fail(wrongMediaType, "unsupported_media_type", "Send the parameters as application/x-www-form-urlencoded.")
	}
	c.Body = http.MaxBytesReader(c.ResponseWriter, c.Body, maxBody)
	if err := c.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, errTooLarge
		}
		return nil, kyc.Fail(kyc.Invalid, "validation_error", "The body is not a valid form.")
	}
	if legacy {
		return c.Form, nil
	}
	return c.PostForm, nil
}

// oauthErrors are the words of RFC 6749, §5.2.
var oauthErrors = map[string]string{"invalid_client": "invalid_client", "validation_error": "invalid_request", "payload_too_large": "invalid_request"}

func isTokenRoute(route string) bool { return strings.HasSuffix(route, "/token") }

func challenge(route string) string {
	if isTokenRoute(route) {
		return `Basic realm="identikit"`
	}
	return `Bearer realm="identikit"`
}
