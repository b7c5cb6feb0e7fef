package httpapi

import (
	"crypto/subtle"
	"net/http"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// receive takes a call of a firm. Its path cannot be guessed, and what it says
// is not believed: the firm itself is asked (flow.Notice).
func (s *Server) receive(c *call) error {
	in, ok := s.inbound[c.PathValue("provider")]
	if !ok || subtle.ConstantTimeCompare([]byte(in.Secret), []byte(c.PathValue("secret"))) != 1 {
		return kyc.Fail(kyc.NotFound, "not_found", "There is nothing at this path. The API is described at /openapi.yaml.")
	}
	b, err := body(c, maxBody)
	if err != nil {
		return err
	}
	identification, err := in.Receiver.Receive(provider.Push{Header: c.Request.Header, Tail: c.PathValue("tail"), Body: b})
	if err != nil {
		return err
	}
	if err := s.flow.Notice(c.Context(), identification); err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, struct{}{})
}
