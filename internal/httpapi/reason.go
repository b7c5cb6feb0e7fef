package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/method/reason"
)

// listReasons answers the whole catalogue at once: it is short and does not change.
func (s *Server) listReasons(c *call) error {
	return writeJSON(c, http.StatusOK, reason.All())
}
