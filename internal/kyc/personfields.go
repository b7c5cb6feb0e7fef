package kyc

// FieldType says how the value of a person's field is read and checked.
type FieldType int

// The types of fields (partner-api.md §2.2).
const (
	Text        FieldType = iota // a text in Latin script, up to Max characters
	Name                         // a name of a person: letters, and what joins them
	Enum                         // one of Values
	Bool                         // true or false
	Integer                      // a whole number from 0
	Date                         // YYYY-MM-DD; a date-time is cut
	Instant                      // RFC 3339; never in the future when Consent
	Country                      // ISO 3166-1 alpha-2, or XK
	Countries                    // a list of them
	Subdivision                  // ISO 3166-2, of the country beside it if there is one
	Phone                        // E.164 after blanks, -, _ and / are stripped
	Email                        // see ValidEmail
	NACE                         // see ValidNACE
	VAT                          // see ValidVAT
)

// Field describes one field of a person. The table PersonFields is the only
// place that knows them: order of the answer, types, rules, who may write.
type Field struct {
	Path   string
	Type   FieldType
	Values []string
	Max    int // characters; 0 means 255

	Patch   bool // S4's list for PATCH
	Clear   bool // null on PATCH clears it (rulings §1)
	Server  bool // filled by identikit alone
	Consent bool // a time of consent: stored as sent, never in the future
}

// PersonFields are the fields in the order of the answer (partner-api.md §3.1).
var PersonFields = []Field{
	{Path: "salutation", Type: Enum, Values: []string{"MR", "MS"}, Patch: true},
	{Path: "title", Type: Enum, Values: titles, Patch: true},
	{Path: "first_name", Type: Name, Max: 50},
	{Path: "last_name", Type: Name, Max: 50},
	{Path: "address.line_1", Patch: true},
	{Path: "address.line_2", Patch: true},
	{Path: "address.postal_code", Patch: true},
	{Path: "address.city", Patch: true},
	{Path: "address.country", Type: Country, Patch: true},
	{Path: "address.state", Type: Subdivision, Patch: true},
	{Path: "contact_address.line_1", Patch: true},
	{Path: "contact_address.line_2", Patch: true},
	{Path: "contact_address.postal_code", Patch: true},
	{Path: "contact_address.city", Patch: true},
	{Path: "contact_address.country", Type: Country, Patch: true},
	{Path: "contact_address.state", Type: Subdivision, Patch: true},
	{Path: "email", Type: Email, Patch: true},
	{Path: "mobile_number", Type: Phone},
	{Path: "birth_name", Type: Name},
	{Path: "birth_date", Type: Date},
	{Path: "birth_city"},
	{Path: "birth_country", Type: Country},
	{Path: "nationality", Type: Country},
	{Path: "employment_status", Type: Enum, Values: employmentStatuses, Patch: true},
	{Path: "job_title", Patch: true},
	{Path: "tax_information.tax_assessment", Type: Enum, Values: []string{"NONE", "SEPARATE", "JOINT"}, Patch: true},
	{Path: "tax_information.marital_status", Type: Enum, Values: []string{"SINGLE", "MARRIED", "DIVORCED", "WIDOWED", "UNKNOWN"}, Patch: true},
	{Path: "fatca_relevant", Type: Bool, Patch: true},
	{Path: "fatca_crs_confirmed_at", Type: Instant, Patch: true, Consent: true},
	{Path: "business_purpose", Patch: true},
	{Path: "industry", Patch: true, Clear: true},
	{Path: "industry_key", Patch: true, Clear: true},
	{Path: "terms_conditions_signed_at", Type: Instant, Consent: true},
	{Path: "own_economic_interest_signed_at", Type: Instant, Patch: true, Consent: true},
	{Path: "aml_follow_up_date", Type: Date, Server: true},
	{Path: "aml_confirmed_on", Type: Date, Patch: true},
	{Path: "flagged_by_compliance", Type: Bool, Server: true},
	{Path: "expected_monthly_revenue_cents", Type: Integer, Patch: true},
	{Path: "vat_number", Type: VAT, Patch: true},
	{Path: "website_social_media", Patch: true},
	{Path: "business_trading_name", Patch: true},
	{Path: "nace_code", Type: NACE, Patch: true},
	{Path: "business_address_line_1", Patch: true},
	{Path: "business_address_line_2", Patch: true},
	{Path: "business_postal_code", Patch: true},
	{Path: "business_city", Patch: true},
	{Path: "business_country", Type: Country, Patch: true},
	{Path: "screening_progress", Server: true},
	{Path: "risk_classification_status", Server: true},
	{Path: "customer_vetting_status", Server: true},
	{Path: "annual_income_range", Patch: true},
	{Path: "data_terms_signed_at", Type: Instant, Patch: true, Consent: true},
	{Path: "branch", Patch: true},
	{Path: "birth_province", Type: Subdivision, Patch: true},
	{Path: "birth_post_code", Patch: true},
	{Path: "socioprofessional_category", Patch: true},
	{Path: "purpose_of_account_opening", Patch: true},
	{Path: "main_income_source", Patch: true},
	{Path: "work_country", Type: Country, Patch: true},
	{Path: "work_province", Type: Subdivision, Patch: true},
	{Path: "self_declared_as_pep", Type: Bool, Patch: true},
	{Path: "international_operativity_expectation", Type: Countries, Patch: true},
	{Path: "registration_number", Patch: true},
	{Path: "legitimation_valid_until", Type: Date, Server: true},
}

// titles is the union of both lists of the references (partner-api.md §4.6).
var titles = []string{
	"DR", "MAGISTER", "PROF", "PROF_DR", "BOTSCH", "DIPL_PAD", "DIPL_BETRIEBSW", "DIPL_ING", "DIPL_KFFR",
	"DIPL_KFM", "DIPL_VOLKSW", "DR_DR", "DR_E_H", "DR_H_C", "DR_ING", "DR_ING_HAB", "MAG", "NOT",
	"PROF_DR_DR", "PROF_DR_H_C", "PROF_DR_ING", "PROF_ING", "RA_U_NOT", "RAE", "RA", "RA_DR",
}

var employmentStatuses = []string{
	"EMPLOYED", "UNEMPLOYED", "PUBLIC_SECTOR_EMPLOYEE", "PROFESSIONAL_SOLDIER", "FREELANCER", "HOUSEWORK",
	"APPRENTICE", "MANAGEMENT", "RETIRED", "STUDENT", "SELF_EMPLOYED", "MILITARY_OR_COMMUNITY_SERVICE",
}
