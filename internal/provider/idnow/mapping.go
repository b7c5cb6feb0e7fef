package idnow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// events turns the firm's results into our events (rulings §3). SUCCESS_DATA_CHANGE
// is how its document misspells SUCCESS_DATA_CHANGED in one place.
var events = map[string]kyc.Event{
	"SUCCESS":                   kyc.Succeeded,
	"SUCCESS_DATA_CHANGED":      kyc.Succeeded,
	"SUCCESS_DATA_CHANGE":       kyc.Succeeded,
	"REVIEW_PENDING":            kyc.ReviewStarted,
	"CHECK_PENDING":             kyc.NothingNew,
	"FRAUD_SUSPICION_PENDING":   kyc.FraudSuspected,
	"FRAUD_SUSPICION_CONFIRMED": kyc.FailedForGood,
	"FAILED":                    kyc.FailedForGood,
	"ABORTED":                   kyc.AttemptAborted,
	"CANCELED":                  kyc.CanceledByReview,
}

// event never fails: a result without a word of ours is kept and changes nothing.
func event(result string) kyc.Event {
	if ev, ok := events[result]; ok {
		return ev
	}
	return kyc.NotUnderstood
}

// standings turns the firm's status of a cell into ours.
var standings = map[string]provider.Standing{
	"MATCH": provider.Confirmed, "CHANGE": provider.Changed, "CHANGED": provider.Changed, "NEW": provider.New,
}

// creation is the flat body of /start (providers.md §1.4). The account merges
// the house number into the street.
func creation(o provider.Order) map[string]string {
	body := map[string]string{}
	for _, f := range sent {
		if v := o.Person.Text(f.path).Reveal(); v != "" {
			body[f.wire] = v
		}
	}
	if gender, ok := genders[o.Person.Text("salutation").Reveal()]; ok {
		body["gender"] = gender
	}
	if o.Language != "" {
		body["preferredLang"] = strings.ToLower(o.Language)
	}
	if o.ProofOfAddress.Type != "" { // the protocol has no fields of its own for it
		body["custom1"], body["custom2"] = o.ProofOfAddress.Type, o.ProofOfAddress.IssuedOn
	}
	return body
}

var sent = []struct{ path, wire string }{
	{"first_name", "firstname"}, {"last_name", "lastname"}, {"birth_name", "birthname"}, {"birth_date", "birthday"},
	{"birth_city", "birthplace"}, {"nationality", "nationality"}, {"title", "title"}, {"email", "email"},
	{"mobile_number", "mobilephone"}, {"address.line_1", "street"}, {"address.postal_code", "zipcode"},
	{"address.city", "city"}, {"address.country", "country"},
}

var genders = map[string]string{"MR": "MALE", "MS": "FEMALE"}

// readers turn the text of a cell into a value of ours; false means that it
// cannot be one, and then it stays in the evidence only.
var readers = map[string]func(string) (string, bool){
	"birth_date":      readDate,
	"nationality":     readCountry,
	"address.country": readCountry,
	"salutation":      readGender,
	"title":           readTitle,
}

func readDate(s string) (string, bool) {
	t, ok := kyc.ParseDate(s)
	if !ok {
		return "", false
	}
	return t.Format("2006-01-02"), true
}

func readCountry(s string) (string, bool) {
	s = strings.ToUpper(s)
	return s, kyc.KnownCountry(s)
}

func readGender(s string) (string, bool) {
	for ours, theirs := range genders {
		if strings.EqualFold(s, theirs) {
			return ours, true
		}
	}
	return "", false
}

var notALetter = regexp.MustCompile(`[^A-Z]+`)

// readTitle turns "Prof. Dr." into PROF_DR.
func readTitle(s string) (string, bool) {
	s = strings.Trim(notALetter.ReplaceAllString(strings.ToUpper(s), "_"), "_")
	for _, f := range kyc.PersonFields {
		if f.Path == "title" {
			return s, slices.Contains(f.Values, s)
		}
	}
	return "", false
}

// readPhone makes E.164 of a number; without a country code 0049 is assumed.
func readPhone(s string) string {
	n := strings.NewReplacer("(", "", ")", "", ".", "").Replace(s)
	switch {
	case strings.HasPrefix(n, "00"):
		n = "+" + n[2:]
	case strings.HasPrefix(n, "0"):
		n = "+49" + n[1:]
	}
	n, ok := kyc.NormalizePhone(n)
	if !ok {
		return ""
	}
	return n
}
