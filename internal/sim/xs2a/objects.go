package xs2a

import (
	"encoding/json"
	"time"
)

// timeForm is how the firm writes times.
const timeForm = "2006-01-02T15:04:05.000Z07:00"

// testmode is how objects but sessions say that nothing is real.
const testmode = "1"

// optional is null for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// raw is null for no JSON.
func raw(data json.RawMessage) any {
	if len(data) == 0 {
		return nil
	}
	return data
}

// product is the payment or the risk of a session that was finished.
func (s *Server) product(ses *session) map[string]any {
	o, a := ses.Order, ses.account()
	if !ses.pays() {
		return map[string]any{
			"id": ses.ID, "transaction": ses.Tx, "holder": a.Holder, "iban": a.IBAN, "bic": a.BIC, "bank_name": a.Bank,
			"country_id": a.Country, "testmode": testmode, "merchant_id": optional(o.MerchantID), "metadata": raw(o.Metadata),
			"xs2a_account_snapshot": map[string]any{"object": "xs2a_account_snapshot", "created_at": ses.EndedAt.Format(timeForm)},
			"object":                "xs2a_risk",
		}
	}
	return map[string]any{
		"id": ses.ID, "transaction": ses.Tx,
		"sender_holder": a.Holder, "sender_iban": a.IBAN, "sender_bic": a.BIC, "sender_bank_name": a.Bank, "sender_country_id": a.Country,
		"recipient_holder": o.RecipientHolder, "recipient_iban": o.RecipientIBAN, "recipient_bic": optional(o.RecipientBIC),
		"recipient_bank_name": nil, "recipient_country_id": country(o.RecipientIBAN),
		"purpose": o.Purpose, "amount": raw(o.Amount), "currency_id": o.CurrencyID, "testmode": testmode, "payment_status": ses.PaymentStatus,
		"metadata": raw(o.Metadata), "merchant_id": optional(o.MerchantID), "object": "xs2a_payment",
	}
}

// sessionObject is a wizard session.
func (s *Server) sessionObject(ses *session) map[string]any {
	return map[string]any{
		"id": ses.ID, "transaction": ses.Tx, "wizard_session_key": ses.Key, "product": ses.Order.Product, "parameters": ses.Order,
		"last_error": ses.LastError, "testmode": true, "finished": ses.Finished, "current_step": ses.Step,
		"created_at": ses.CreatedAt.Format(timeForm), "object": "wizard_session",
	}
}

// sessionEvent is what an event tells of a session that did not succeed: nothing of the customer's.
func (s *Server) sessionEvent(ses *session) map[string]any {
	return map[string]any{
		"id": ses.ID, "transaction": ses.Tx, "product": ses.Order.Product, "last_error": ses.LastError, "finished": ses.Finished,
		"metadata": raw(ses.Order.Metadata), "object": "wizard_session",
	}
}

// snapshotObject is the account snapshot in the format json2: one statement for each account, here the chosen one's.
func (s *Server) snapshotObject(ses *session) []map[string]any {
	a, day := ses.account(), ses.EndedAt.Format(time.DateOnly)
	return []map[string]any{{
		"account": map[string]any{
			"holder": a.Holder, "description": "Girokonto", "iban": a.IBAN, "bic": a.BIC, "bank_name": a.Bank,
			"country_id": a.Country, "joint_account": a.Joint,
		},
		"balance":   map[string]any{"available": nil, "limit": nil, "balance": 1234.56, "currency": "EUR", "date": day},
		"turnovers": map[string]any{"turnovers": []any{}, "date": day, "days": 30, "filters": []string{}},
	}}
}
