package httpapi

import (
	"maps"
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
	switch params.Get("grant_type") {
	case "client_credentials":
	case "":
		return "", kyc.Fail(kyc.Invalid, "validation_error", "grant_type is missing; it must be client_credentials.")
	default:
		return "", kyc.Fail(kyc.Invalid, "unsupported_grant_type", "grant_type must be client_credentials.")
	}
	clientID, secret, ok := c.Request.BasicAuth()
	if ok {
		clientID, secret = unescape(clientID), unescape(secret) // RFC 6749, §2.3.1
	} else {
		clientID, secret = params.Get("client_id"), params.Get("client_secret")
	}
	return s.tokenUnlessSlowed(c, clientID, secret)
}

// tokenUnlessSlowed asks for a token, unless too many have failed already.
func (s *Server) tokenUnlessSlowed(c *call, clientID, secret string) (string, error) {
	address := s.addressOf(c.Request)
	if wait := s.throttle.ask(address, clientID, s.flow.Wall.Now()); wait > 0 {
		return "", errSlowed(wait)
	}
	token, err := s.flow.IssueToken(c.Context(), clientID, secret)
	switch {
	case err == nil:
		s.throttle.succeeded(address, clientID)
	case kyc.IsKind(err, kyc.Unauthenticated):
		s.throttle.failed(address, clientID, s.flow.Wall.Now())
	}
	return token, err
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// tokenParams reads a form, on the legacy path also JSON and, of the query, what
// is no secret: URLs are written into logs.
func tokenParams(c *call, legacy bool) (url.Values, error) {
	b, err := body(c, maxForm)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	params := url.Values{}
	if legacy {
		params.Set("grant_type", c.URL.Query().Get("grant_type"))
	}
	switch {
	case len(b) == 0:
	case kind == "application/x-www-form-urlencoded", kind == "" && !legacy:
		form, err := url.ParseQuery(string(b))
		if err != nil {
			return nil, kyc.Fail(kyc.Invalid, "validation_error", "The body is not a valid form.")
		}
		maps.Copy(params, form)
	case legacy && (kind == "" || isJSON(kind)):
		in, err := decode(c)
		if err != nil {
			return nil, err
		}
		for name, v := range in {
			if text, ok := v.(string); ok {
				params.Set(name, text)
			}
		}
	default:
		return nil, kyc.Fail(wrongMediaType, "unsupported_media_type", "Send the parameters as application/x-www-form-urlencoded.")
	}
	return params, nil
}

// oauthError is the word of RFC 6749, §5.2, for one of our codes.
func oauthError(code string, status int) string {
	switch {
	case code == "invalid_client", code == "unsupported_grant_type":
		return code
	case status == http.StatusTooManyRequests:
		return "temporarily_unavailable"
	case status >= http.StatusInternalServerError:
		return "server_error"
	}
	return "invalid_request"
}

func isTokenRoute(route string) bool {
	return strings.HasPrefix(route, "POST ") && strings.HasSuffix(route, "/token")
}

func challenge(route string) string {
	if isTokenRoute(route) {
		return `Basic realm="identikit"`
	}
	return `Bearer realm="identikit"`
}
