package flow

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// TokenLifetime is how long an access token is good for (partner-api.md §1.2).
const TokenLifetime = time.Hour

// Hash is how client secrets and tokens are stored. We make them of 256 random
// bits, so a plain hash cannot be guessed back.
func Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

var errInvalidClient = kyc.Fail(kyc.Unauthenticated, "invalid_client",
	"The client id or the client secret is wrong.")

// IssueToken checks the client's credentials and returns a new access token.
func (s *Service) IssueToken(ctx context.Context, clientID, secret string) (string, error) {
	if kyc.CheckText(clientID, 255) != "" {
		return "", errInvalidClient // no database could look for it
	}
	var p kyc.Partner
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		p, err = v.Partners().ByClientID(clientID)
		return err
	})
	if kyc.IsKind(err, kyc.NotFound) {
		p.SecretHash = make([]byte, sha256.Size) // as long to answer as for a wrong secret
	} else if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(Hash(secret), p.SecretHash) != 1 {
		return "", errInvalidClient
	}
	token := id.Token()
	return token, s.Store.Tx(ctx, func(tx kyc.Tx) error {
		return tx.Partners().InsertToken(kyc.Token{Hash: Hash(token), PartnerID: p.ID, ExpiresAt: tx.Now().Add(TokenLifetime)})
	})
}

// Authenticate returns the id of the partner whom the token was given to.
func (s *Service) Authenticate(ctx context.Context, token string) (string, error) {
	hash := Hash(token)
	known, ok := s.tokens.get(hash)
	if !ok {
		err := s.Store.View(ctx, func(v kyc.View) (err error) {
			known, err = v.Partners().Token(hash)
			return err
		})
		if kyc.IsKind(err, kyc.NotFound) {
			return "", kyc.Fail(kyc.Unauthenticated, "invalid_token", "The access token is not known. Get a new one from /oauth2/token.")
		}
		if err != nil {
			return "", err
		}
		s.tokens.put(hash, known)
	}
	if !s.Clock.Now().Before(known.ExpiresAt) {
		return "", kyc.Fail(kyc.Unauthenticated, "invalid_token", "The access token has expired. Get a new one from /oauth2/token.")
	}
	return known.PartnerID, nil
}

// tokenCache remembers tokens that were found. A token never changes and is
// never taken back, so what is remembered stays true until it expires.
type tokenCache struct {
	mu    sync.RWMutex
	known map[[sha256.Size]byte]kyc.Token
}

const tokenCacheSize = 4096

func (c *tokenCache) get(hash []byte) (kyc.Token, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	t, ok := c.known[[sha256.Size]byte(hash)]
	return t, ok
}

func (c *tokenCache) put(hash []byte, t kyc.Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= tokenCacheSize {
		c.known = make(map[[sha256.Size]byte]kyc.Token)
	}
	c.known[[sha256.Size]byte(hash)] = t
}
