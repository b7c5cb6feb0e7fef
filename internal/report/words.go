package report

// words are the texts of one language by name.
type words map[string]string

// of returns a text of the report itself.
func (w words) of(name string) string { return w[name] }

// ofOr puts a name of the wire into words, or leaves it as it is.
func (w words) ofOr(name string) string {
	if text, ok := w["."+name]; ok {
		return text
	}
	return name
}

// Names with a dot in front are those of fields, methods, results and types of
// documents, as the API spells them; the others are the report's own.
var inEnglish = words{
	"title":    "Identification report",
	"subtitle": "Verification of a customer's identity",
	"header":   "KYC report",
	"made":     "Made on",
	"page":     "Page %d of %d",
	"time":     "2006-01-02 15:04:05 UTC",
	"decimal":  ".",
	"result":   "Result",
	"person":   "Person",
	"document": "Identity document",
	"evidence": "Evidence on file",
	"field":    "Field",
	"value":    "Value",
	"verdict":  "Check",
	"original": "Before",
	"closing": "Made by machine from the provider's result. “Confirmed” means that the value was known before and was found to be right, " +
		"“changed” that it was replaced, “new” that it was not known before. The SHA-256 sums are those of the files as they were received.",

	".identification": "Identification",
	".method":         "Method",
	".provider":       "Provider",
	".requested_at":   "Requested",
	".identified_at":  "Decided",
	".completed_at":   "Completed",

	".confirmed": "confirmed",
	".changed":   "changed",
	".new":       "new",

	".successful":         "Successful",
	".failed":             "Failed",
	".canceled":           "Canceled",
	".aborted":            "Aborted",
	".rejected":           "Rejected",
	".expired":            "Expired",
	".pending":            "Pending",
	".pending_successful": "Successful, under review",
	".pending_failed":     "Under review",

	".idnow":           "Video identification",
	".idnow_autoident": "Automated identification",
	".bank":            "Bank identification",
	".bank_id":         "Bank identification with document",
	".postident":       "Identification at a post office",
	".manual":          "Manual identification",

	".salutation":               "Salutation",
	".title":                    "Title",
	".first_name":               "First name",
	".last_name":                "Last name",
	".birth_name":               "Name at birth",
	".birth_date":               "Date of birth",
	".birth_city":               "Place of birth",
	".birth_country":            "Country of birth",
	".nationality":              "Nationality",
	".gender":                   "Gender",
	".address.line_1":           "Street and number",
	".address.line_2":           "Address, line 2",
	".address.postal_code":      "Postal code",
	".address.city":             "City",
	".address.country":          "Country",
	".address.state":            "State",
	".email":                    "E-mail",
	".mobile_number":            "Mobile number",
	".type":                     "Type",
	".number":                   "Number",
	".country":                  "Issuing country",
	".issuer":                   "Issued by",
	".issued_on":                "Issued on",
	".valid_until":              "Valid until",
	".legitimation_valid_until": "Valid until",

	".IDCARD":          "Identity card",
	".PASSPORT":        "Passport",
	".RESIDENCE_TITLE": "Residence permit",
	".DRIVERS_LICENSE": "Driving licence",

	".ID_DOCUMENT": "Identity document",
	".PICTURE":     "Picture",
	".VIDEO":       "Video or audio",
	".KYC_REPORT":  "Report",
	".OTHER":       "Other",
}

var inGerman = words{
	"title":    "Identifizierungsbericht",
	"subtitle": "Prüfung der Identität eines Kunden",
	"header":   "KYC-Bericht",
	"made":     "Erstellt am",
	"page":     "Seite %d von %d",
	"time":     "02.01.2006 15:04:05 UTC",
	"decimal":  ",",
	"result":   "Ergebnis",
	"person":   "Person",
	"document": "Ausweisdokument",
	"evidence": "Nachweise in der Akte",
	"field":    "Angabe",
	"value":    "Wert",
	"verdict":  "Prüfung",
	"original": "Vorher",
	"closing": "Maschinell erstellt aus dem Ergebnis des Anbieters. „Bestätigt“ heißt, dass der Wert schon bekannt war und sich als richtig erwies, " +
		"„geändert“, dass er ersetzt wurde, „neu“, dass er vorher nicht bekannt war. Die SHA-256-Summen gelten für die Dateien, wie sie eingegangen sind.",

	".identification": "Identifizierung",
	".method":         "Verfahren",
	".provider":       "Anbieter",
	".requested_at":   "Angefordert",
	".identified_at":  "Entschieden",
	".completed_at":   "Abgeschlossen",

	".confirmed": "bestätigt",
	".changed":   "geändert",
	".new":       "neu",

	".successful":         "Erfolgreich",
	".failed":             "Fehlgeschlagen",
	".canceled":           "Zurückgewiesen",
	".aborted":            "Abgebrochen",
	".rejected":           "Abgelehnt",
	".expired":            "Abgelaufen",
	".pending":            "Offen",
	".pending_successful": "Erfolgreich, in Nachprüfung",
	".pending_failed":     "In Nachprüfung",

	".idnow":           "Videoidentifizierung",
	".idnow_autoident": "Automatische Identifizierung",
	".bank":            "Identifizierung über ein Bankkonto",
	".bank_id":         "Identifizierung über Bankkonto und Ausweis",
	".postident":       "Identifizierung in einer Postfiliale",
	".manual":          "Identifizierung von Hand",

	".salutation":               "Anrede",
	".title":                    "Titel",
	".first_name":               "Vorname",
	".last_name":                "Nachname",
	".birth_name":               "Geburtsname",
	".birth_date":               "Geburtsdatum",
	".birth_city":               "Geburtsort",
	".birth_country":            "Geburtsland",
	".nationality":              "Staatsangehörigkeit",
	".gender":                   "Geschlecht",
	".address.line_1":           "Straße und Hausnummer",
	".address.line_2":           "Adresszusatz",
	".address.postal_code":      "Postleitzahl",
	".address.city":             "Ort",
	".address.country":          "Land",
	".address.state":            "Bundesland",
	".email":                    "E-Mail",
	".mobile_number":            "Mobilnummer",
	".type":                     "Art",
	".number":                   "Nummer",
	".country":                  "Ausstellendes Land",
	".issuer":                   "Ausgestellt von",
	".issued_on":                "Ausgestellt am",
	".valid_until":              "Gültig bis",
	".legitimation_valid_until": "Gültig bis",

	".IDCARD":          "Personalausweis",
	".PASSPORT":        "Reisepass",
	".RESIDENCE_TITLE": "Aufenthaltstitel",
	".DRIVERS_LICENSE": "Führerschein",

	".ID_DOCUMENT": "Ausweis",
	".PICTURE":     "Bild",
	".VIDEO":       "Video oder Ton",
	".KYC_REPORT":  "Bericht",
	".OTHER":       "Sonstiges",
}
