package ais

import (
	"context"
	"fmt"
	"net/http"

	"github.com/identikit/identikit/internal/provider"
)

// Confirm implements provider.Confirmer: it hands the password to the bridge
// (ADR 0011). The password stands in the body and nowhere else.
func (a *account) Confirm(ctx context.Context, text, password string) error {
	h, err := openHandle(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	status, _, err := send(ctx, a.bridge, a.ConfirmURL, a.ConfirmToken, map[string]string{"response_id": h.Response, "password": password})
	switch {
	case err != nil:
		return err
	case status == http.StatusNoContent: // not 200: some proxy's page says that, too
		return nil
	case status == http.StatusForbidden:
		return provider.ErrWrongPassword
	case status == http.StatusNotFound || status == http.StatusGone:
		return provider.ErrNoAttempt
	case status == http.StatusUnauthorized || status == http.StatusBadRequest:
		return operatorTrouble(fmt.Sprintf("status %d at the bridge", status))
	}
	return garbage(fmt.Errorf("status %d at the bridge", status))
}
