package xs2a

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The products.
const (
	productPay  = "xs2a_pay"
	productRisk = "xs2a_risk"
)

// order is the body of POST /v1/payments and of POST /v1/risks, and later the session's parameters.
type order struct {
	Product            string          `json:"product"`
	Amount             json.RawMessage `json:"amount,omitempty"`
	CurrencyID         string          `json:"currency_id,omitempty"`
	Purpose            string          `json:"purpose,omitempty"`
	RecipientHolder    string          `json:"recipient_holder,omitempty"`
	RecipientIBAN      string          `json:"recipient_iban,omitempty"`
	RecipientBIC       string          `json:"recipient_bic,omitempty"`
	RecipientStreet    string          `json:"recipient_street,omitempty"`
	RecipientZip       string          `json:"recipient_zip,omitempty"`
	RecipientCity      string          `json:"recipient_city,omitempty"`
	RecipientCountryID string          `json:"recipient_country_id,omitempty"`
	SenderHolder       string          `json:"sender_holder,omitempty"`
	SenderIBAN         string          `json:"sender_iban,omitempty"`
	SenderBIC          string          `json:"sender_bic,omitempty"`
	SenderCountryID    string          `json:"sender_country_id,omitempty"`
	Language           string          `json:"language,omitempty"`
	MerchantID         string          `json:"merchant_id,omitempty"`
	FintsProductID     string          `json:"fints_product_id,omitempty"`
	Metadata           json.RawMessage `json:"metadata,omitempty"`
	Onboarding         onboarding      `json:"easy_onboarding,omitzero"`
}

// onboarding is where the customer may go when the wizard is over.
type onboarding struct {
	SuccessLink string `json:"success_link,omitempty"`
	AbortLink   string `json:"abort_link,omitempty"`
}

// identification is what the company calls it.
func (o order) identification() string {
	var sent struct {
		Identification string `json:"identification"`
	}
	if err := json.Unmarshal(o.Metadata, &sent); err != nil {
		return "" // metadata are whatever the company likes
	}
	return sent.Identification
}

var (
	currencies = []string{"EUR", "CHF", "USD"}
	tongues    = []string{"de", "en", "fr", "it", "es"}
	countryID  = regexp.MustCompile(`^[A-Z]{2}$`)
	validBIC   = regexp.MustCompile(`^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`)
)

// readOrder reads and checks a body.
func (s *Server) readOrder(product string, body []byte) (order, *apiError) {
	var o order
	if err := json.Unmarshal(body, &o); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return o, invalid(map[string]string{wrong.Field: "has the wrong type."})
		}
		return o, badRequest("The body is no JSON object.")
	}
	o.Product = product
	o.SenderIBAN, o.RecipientIBAN = plainIBAN(o.SenderIBAN), plainIBAN(o.RecipientIBAN)
	wrong := map[string]string{}
	check := func(field string, ok bool, message string) {
		if !ok && wrong[field] == "" {
			wrong[field] = message
		}
	}
	if product == productPay {
		o.checkTransfer(check)
		check("recipient_iban", s.takesIBAN(o.RecipientIBAN), "is not a valid IBAN.")
	}
	check("sender_iban", o.SenderIBAN == "" || s.takesIBAN(o.SenderIBAN), "is not a valid IBAN.")
	check("sender_bic", o.SenderBIC == "" || validBIC.MatchString(o.SenderBIC), "is not a valid BIC.")
	check("sender_holder", len(o.SenderHolder) <= 255, "may not be greater than 255 characters.")
	check("sender_country_id", o.SenderCountryID == "" || countryID.MatchString(o.SenderCountryID), "is invalid.")
	check("language", o.Language == "" || slices.Contains(tongues, o.Language), "is invalid.")
	check("easy_onboarding.success_link", validLink(o.Onboarding.SuccessLink), "is not a valid URL.")
	check("easy_onboarding.abort_link", validLink(o.Onboarding.AbortLink), "is not a valid URL.")
	if len(wrong) > 0 {
		return o, invalid(wrong)
	}
	return o, nil
}

// checkTransfer checks what only a payment has.
func (o order) checkTransfer(check func(field string, ok bool, message string)) {
	amount, ok := new(big.Float).SetString(string(o.Amount))
	check("amount", len(o.Amount) > 0, "is required.")
	check("amount", ok && amount.Sign() > 0 && len(o.Amount) <= 12, "must be a number greater than 0.")
	check("currency_id", o.CurrencyID != "", "is required.")
	check("currency_id", slices.Contains(currencies, o.CurrencyID), "is invalid.")
	n := utf8.RuneCountInString(o.Purpose)
	check("purpose", o.Purpose != "", "is required.")
	check("purpose", n >= 5 && n <= 140, "must be between 5 and 140 characters.")
	check("recipient_holder", o.RecipientHolder != "", "is required.")
	check("recipient_holder", len(o.RecipientHolder) <= 255, "may not be greater than 255 characters.")
	check("recipient_iban", o.RecipientIBAN != "", "is required.")
	check("recipient_bic", o.RecipientBIC == "" || validBIC.MatchString(o.RecipientBIC), "is not a valid BIC.")
	check("recipient_country_id", o.RecipientCountryID == "" || countryID.MatchString(o.RecipientCountryID), "is invalid.")
}

func (s *Server) takesIBAN(iban string) bool { return validIBAN(iban) || s.cfg.KnownIBAN(iban) }

// plainIBAN is an IBAN without the spaces for people.
func plainIBAN(iban string) string { return strings.ToUpper(strings.ReplaceAll(iban, " ", "")) }

// validLink takes an address that a page may link to: it may be an app's, a script it may not be. "" is none.
func validLink(link string) bool {
	if link == "" {
		return true
	}
	u, err := url.Parse(link)
	return err == nil && u.Scheme != "" && !slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob"}, u.Scheme)
}
