package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Date is a day, YYYY-MM-DD; empty if there is none.
type Date string

// DateOf is the day of a time, in the time's own zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Time is the day's midnight in UTC.
func (d Date) Time() (time.Time, error) { return time.Parse(time.DateOnly, string(d)) }

// Address is where somebody lives or gets letters. Country is ISO 3166-1 alpha-2.
type Address struct {
	Line1      string `json:"line_1,omitzero"`
	Line2      string `json:"line_2,omitzero"`
	PostalCode string `json:"postal_code,omitzero"`
	City       string `json:"city,omitzero"`
	Country    string `json:"country,omitzero"`
	State      string `json:"state,omitzero"`
}

// TaxInformation is how somebody is taxed: TaxAssessment NONE, SEPARATE or
// JOINT; MaritalStatus SINGLE, MARRIED, DIVORCED, WIDOWED or UNKNOWN.
type TaxInformation struct {
	TaxAssessment string `json:"tax_assessment,omitzero"`
	MaritalStatus string `json:"marital_status,omitzero"`
}

// PersonData is what a partner says about a person. No field is needed to create
// one; what a method of identification needs is told when it is created.
type PersonData struct {
	Salutation                          string         `json:"salutation,omitzero"` // MR or MS
	Title                               string         `json:"title,omitzero"`      // like DR, PROF_DR
	FirstName                           string         `json:"first_name,omitzero"` // with all middle names, as on the identity document
	LastName                            string         `json:"last_name,omitzero"`
	Address                             Address        `json:"address,omitzero"`
	ContactAddress                      Address        `json:"contact_address,omitzero"`
	Email                               string         `json:"email,omitzero"`
	MobileNumber                        string         `json:"mobile_number,omitzero"` // E.164. For the call only; see [Client.CreateMobileNumber]
	BirthName                           string         `json:"birth_name,omitzero"`
	BirthDate                           Date           `json:"birth_date,omitzero"`
	BirthCity                           string         `json:"birth_city,omitzero"`
	BirthCountry                        string         `json:"birth_country,omitzero"`
	Nationality                         string         `json:"nationality,omitzero"`
	EmploymentStatus                    string         `json:"employment_status,omitzero"` // like EMPLOYED, FREELANCER
	JobTitle                            string         `json:"job_title,omitzero"`
	TaxInformation                      TaxInformation `json:"tax_information,omitzero"`
	FATCARelevant                       *bool          `json:"fatca_relevant,omitzero"`
	FATCACRSConfirmedAt                 time.Time      `json:"fatca_crs_confirmed_at,omitzero"`
	BusinessPurpose                     string         `json:"business_purpose,omitzero"`
	Industry                            string         `json:"industry,omitzero"`
	IndustryKey                         string         `json:"industry_key,omitzero"`
	TermsConditionsSignedAt             time.Time      `json:"terms_conditions_signed_at,omitzero"`
	OwnEconomicInterestSignedAt         time.Time      `json:"own_economic_interest_signed_at,omitzero"`
	AMLConfirmedOn                      Date           `json:"aml_confirmed_on,omitzero"`
	ExpectedMonthlyRevenueCents         *int64         `json:"expected_monthly_revenue_cents,omitzero"`
	VATNumber                           string         `json:"vat_number,omitzero"`
	WebsiteSocialMedia                  string         `json:"website_social_media,omitzero"`
	BusinessTradingName                 string         `json:"business_trading_name,omitzero"`
	NACECode                            string         `json:"nace_code,omitzero"` // like I 56.30
	BusinessAddressLine1                string         `json:"business_address_line_1,omitzero"`
	BusinessAddressLine2                string         `json:"business_address_line_2,omitzero"`
	BusinessPostalCode                  string         `json:"business_postal_code,omitzero"`
	BusinessCity                        string         `json:"business_city,omitzero"`
	BusinessCountry                     string         `json:"business_country,omitzero"`
	AnnualIncomeRange                   string         `json:"annual_income_range,omitzero"`
	DataTermsSignedAt                   time.Time      `json:"data_terms_signed_at,omitzero"`
	Branch                              string         `json:"branch,omitzero"`
	BirthProvince                       string         `json:"birth_province,omitzero"`
	BirthPostCode                       string         `json:"birth_post_code,omitzero"`
	SocioprofessionalCategory           string         `json:"socioprofessional_category,omitzero"`
	PurposeOfAccountOpening             string         `json:"purpose_of_account_opening,omitzero"`
	MainIncomeSource                    string         `json:"main_income_source,omitzero"`
	WorkCountry                         string         `json:"work_country,omitzero"`
	WorkProvince                        string         `json:"work_province,omitzero"`
	SelfDeclaredAsPEP                   *bool          `json:"self_declared_as_pep,omitzero"`
	InternationalOperativityExpectation []string       `json:"international_operativity_expectation,omitzero"` // countries
	RegistrationNumber                  string         `json:"registration_number,omitzero"`
}

// Person is a customer.
type Person struct {
	ID string `json:"id"`
	PersonData
	AMLFollowUpDate          Date   `json:"aml_follow_up_date"`
	FlaggedByCompliance      bool   `json:"flagged_by_compliance"`
	ScreeningProgress        string `json:"screening_progress"`
	RiskClassificationStatus string `json:"risk_classification_status"`
	CustomerVettingStatus    string `json:"customer_vetting_status"`
	LegitimationValidUntil   Date   `json:"legitimation_valid_until"` // of the identity document
}

// Clearable is a text that a change may set, leave (empty) or clear ([Null]).
type Clearable string

// Null clears a field that can be cleared.
const Null Clearable = "\x00"

// MarshalJSON writes null for Null.
func (c Clearable) MarshalJSON() ([]byte, error) {
	if c == Null {
		return []byte("null"), nil
	}
	return json.Marshal(string(c))
}

// PersonPatch is what may be changed of a person. Addresses and tax information
// are merged member by member.
type PersonPatch struct {
	Salutation                          string         `json:"salutation,omitzero"`
	Title                               string         `json:"title,omitzero"`
	Address                             Address        `json:"address,omitzero"`
	ContactAddress                      Address        `json:"contact_address,omitzero"`
	Email                               string         `json:"email,omitzero"`
	EmploymentStatus                    string         `json:"employment_status,omitzero"`
	JobTitle                            string         `json:"job_title,omitzero"`
	TaxInformation                      TaxInformation `json:"tax_information,omitzero"`
	FATCARelevant                       *bool          `json:"fatca_relevant,omitzero"`
	FATCACRSConfirmedAt                 time.Time      `json:"fatca_crs_confirmed_at,omitzero"`
	BusinessPurpose                     string         `json:"business_purpose,omitzero"`
	Industry                            Clearable      `json:"industry,omitzero"`
	IndustryKey                         Clearable      `json:"industry_key,omitzero"`
	OwnEconomicInterestSignedAt         time.Time      `json:"own_economic_interest_signed_at,omitzero"`
	AMLConfirmedOn                      Date           `json:"aml_confirmed_on,omitzero"`
	ExpectedMonthlyRevenueCents         *int64         `json:"expected_monthly_revenue_cents,omitzero"`
	VATNumber                           string         `json:"vat_number,omitzero"`
	WebsiteSocialMedia                  string         `json:"website_social_media,omitzero"`
	BusinessTradingName                 string         `json:"business_trading_name,omitzero"`
	NACECode                            string         `json:"nace_code,omitzero"`
	BusinessAddressLine1                string         `json:"business_address_line_1,omitzero"`
	BusinessAddressLine2                string         `json:"business_address_line_2,omitzero"`
	BusinessPostalCode                  string         `json:"business_postal_code,omitzero"`
	BusinessCity                        string         `json:"business_city,omitzero"`
	BusinessCountry                     string         `json:"business_country,omitzero"`
	AnnualIncomeRange                   string         `json:"annual_income_range,omitzero"`
	DataTermsSignedAt                   time.Time      `json:"data_terms_signed_at,omitzero"`
	Branch                              string         `json:"branch,omitzero"`
	BirthProvince                       string         `json:"birth_province,omitzero"`
	BirthPostCode                       string         `json:"birth_post_code,omitzero"`
	SocioprofessionalCategory           string         `json:"socioprofessional_category,omitzero"`
	PurposeOfAccountOpening             string         `json:"purpose_of_account_opening,omitzero"`
	MainIncomeSource                    string         `json:"main_income_source,omitzero"`
	WorkCountry                         string         `json:"work_country,omitzero"`
	WorkProvince                        string         `json:"work_province,omitzero"`
	SelfDeclaredAsPEP                   *bool          `json:"self_declared_as_pep,omitzero"`
	InternationalOperativityExpectation []string       `json:"international_operativity_expectation,omitzero"`
	RegistrationNumber                  string         `json:"registration_number,omitzero"`
}

// CreatePerson creates a person.
func (c *Client) CreatePerson(ctx context.Context, data PersonData, options ...PostOption) (Person, error) {
	return send[Person](ctx, c, to(http.MethodPost, "v1", "persons").with(data).once(options))
}

// Person reads a person.
func (c *Client) Person(ctx context.Context, id string) (Person, error) {
	return send[Person](ctx, c, to(http.MethodGet, "v1", "persons", id))
}

// Persons lists the partner's persons, oldest first. Takes [PageSize] and
// [NewestFirst].
func (c *Client) Persons(ctx context.Context, options ...QueryOption) iter.Seq2[Person, error] {
	return list[Person](ctx, c, to(http.MethodGet, "v1", "persons"), options)
}

// PatchPerson adds to a person or changes it. Fields that were empty are filled
// at once: the person comes back. If one had another value already, nothing is
// changed yet, and a change request comes back (else nil) that the person must
// authorize and confirm.
func (c *Client) PatchPerson(ctx context.Context, id string, patch PersonPatch) (Person, *ChangeRequest, error) {
	return changed[Person](ctx, c, to(http.MethodPatch, "v1", "persons", id).with(patch))
}
