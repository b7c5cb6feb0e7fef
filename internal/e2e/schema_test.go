package e2e

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/identikit/identikit/api"
	"github.com/identikit/identikit/client"
)

// shapes are the client's types and the schemas of the API's description that
// each of them speaks.
var shapes = []struct {
	of      any
	schemas []string
}{
	{client.PersonData{}, []string{"PersonInput"}},
	{client.Person{}, []string{"Person"}},
	{client.PersonPatch{}, []string{"PersonPatch"}},
	{client.Address{}, []string{"Address", "AddressInput"}},
	{client.TaxInformation{}, []string{"TaxInformation", "TaxInformationInput"}},
	{client.IdentificationData{}, []string{"IdentificationInput"}},
	{client.RequestData{}, []string{"RequestInput"}},
	{client.Identification{}, []string{"Identification"}},
	{client.SupportedDocument{}, []string{"SupportedDocument"}},
	{client.Eligibility{}, []string{"Eligibility"}},
	{client.MobileNumberData{}, []string{"MobileNumberInput"}},
	{client.MobileNumber{}, []string{"MobileNumber"}},
	{client.ChangeRequest{}, []string{"ChangeRequest", "ChangeRequestAuthorized", "ChangeRequestConfirmed"}},
	{client.ChangeAuthorization{}, []string{"ChangeRequestAuthorization"}},
	{client.ChangeConfirmation{}, []string{"ChangeRequestConfirmation"}},
	{client.Document{}, []string{"Document", "IdentificationDocument"}},
	{client.DocumentPatch{}, []string{"DocumentChange"}},
	{client.Webhook{}, []string{"Webhook", "WebhookWithSecret"}},
	{client.TaxIdentification{}, []string{"TaxIdentification"}},
	{client.TaxIdentificationData{}, []string{"TaxIdentificationInput"}},
	{client.TaxIdentificationPatch{}, []string{"TaxIdentificationPatch"}},
	{client.IDnowAttempt{}, []string{"IDnowAttempt"}},
	{client.LegitimationData{}, []string{"LegitimationData"}},
	{client.FailureReason{}, []string{"FailureReason"}},
	{client.Delivery{}, []string{"Delivery"}},
	{client.DeliveryAttempt{}, []string{"DeliveryAttempt"}},
	{client.DeviceConsent{}, []string{"DeviceConsent"}},
	{client.DeviceConsentData{}, []string{"DeviceConsentInput"}},
	{client.DeviceActivity{}, []string{"DeviceActivity"}},
	{client.DeviceActivityData{}, []string{"DeviceActivityInput"}},
	{client.PersonSettings{}, []string{"PersonSettings"}},
	{client.TermsEvent{}, []string{"TermsEvent"}},
	{client.TermsEventData{}, []string{"TermsEventInput"}},
	{client.DevelopmentData{}, []string{"DevelopmentInput"}},
	{client.DocumentCheck{}, []string{"DocumentCheck"}},
	{client.OriginationData{}, []string{"OriginationInput"}},
	{client.Contract{}, []string{"ContractInput"}},
	{client.Signature{}, []string{"SignaturePositionInput"}},
	{client.Origination{}, []string{"Origination"}},
	{client.IdentificationEvent{}, []string{"IdentificationEvent"}},
	{client.PersonEvent{}, []string{"PersonEvent"}},
	{client.MobileNumberEvent{}, []string{"MobileNumberEvent"}},
	{client.DocumentExpiryEvent{}, []string{"DocumentExpiryEvent"}},
	{client.Moved{}, []string{"ClockMoved"}},
	{client.Chosen{}, []string{"ResultChosen"}},
	{client.Message{}, []string{"Message"}},
}

func description(t testing.TB) *openapi3.T {
	t.Helper()
	return must(openapi3.NewLoader().LoadFromData(api.OpenAPI))(t)
}

// arguments are the schemas that are arguments of the client's methods, or that
// it reads by itself; its own tests have what is sent and read.
var arguments = []string{
	"Clock", "ClockInput", "DocumentInput", "EmptyEvent", "Error", "ErrorEntry", "LegacyToken", "MobileNumberChoice",
	"MobileNumberConfirmation", "ResultInput", "Token", "TokenError", "TokenInput", "WebhookInput",
}

// leftOut is what the client does not show: it says the same of everything.
var leftOut = []string{"Document.partner_accessible"}

// TestShapes holds the fields of the client's types against the description,
// both ways, so that neither gets one that the other lacks.
func TestShapes(t *testing.T) {
	t.Parallel()
	doc := description(t)
	known := slices.Clone(arguments)
	for _, shape := range shapes {
		known = append(known, shape.schemas...)
	}
	for name, schema := range doc.Components.Schemas {
		if schema.Value.Type.Is("object") && !slices.Contains(known, name) {
			t.Errorf("no type of the client speaks %s", name)
		}
	}
	for _, shape := range shapes {
		fields := jsonFields(reflect.TypeOf(shape.of))
		unknown := maps.Clone(fields)
		for _, name := range shape.schemas {
			schema := doc.Components.Schemas[name]
			if schema == nil {
				t.Errorf("the description has no %s", name)
				continue
			}
			for property, described := range schema.Value.Properties {
				delete(unknown, property)
				field, ok := fields[property]
				if slices.Contains(leftOut, name+"."+property) {
					continue
				}
				if !ok {
					t.Errorf("%s has %s, and %T does not", name, property, shape.of)
				} else if kind, types := kindOf(field.Type), typesOf(described.Value); kind != "any" && !slices.Contains(types, kind) {
					t.Errorf("%s.%s is %v, and %T has %s", name, property, types, shape.of, field.Type)
				}
			}
		}
		for property := range unknown {
			t.Errorf("%T has %s, and %v does not", shape.of, property, shape.schemas)
		}
	}
}

// bodies are the schemas of the events' bodies.
var bodies = map[client.EventType]string{
	client.EventIdentification:                 "IdentificationEvent",
	client.EventOrigination:                    "Origination",
	client.EventPersonChanged:                  "EmptyEvent",
	client.EventPersonDeleted:                  "PersonEvent",
	client.EventPersonMobileNumberCreated:      "EmptyEvent",
	client.EventPersonMobileNumberDeleted:      "MobileNumberEvent",
	client.EventPersonTaxIdentificationChanged: "PersonEvent",
	client.EventPotentialAccountBlocking:       "DocumentExpiryEvent",
}

// checkBody holds the body of an event against the description.
func checkBody(t testing.TB, doc *openapi3.T, e client.Event) {
	t.Helper()
	var body any
	if err := e.Read(&body); err != nil {
		t.Errorf("%s: %v", e.Type, err)
	}
	schema := doc.Components.Schemas[bodies[e.Type]]
	if schema == nil {
		t.Errorf("the description has no body of %s", e.Type)
	} else if err := schema.Value.VisitJSON(body); err != nil {
		t.Errorf("%s: %v: %s", e.Type, err, e.Body)
	}
}

// TestWords holds the client's words against the enumerations of the description.
func TestWords(t *testing.T) {
	t.Parallel()
	doc := description(t)
	for schema, words := range map[string][]string{
		"Status": {
			string(client.StatusCreated), string(client.StatusPending), string(client.StatusPendingSuccessful), string(client.StatusPendingFailed),
			string(client.StatusSuccessful), string(client.StatusAborted), string(client.StatusCanceled), string(client.StatusFailed),
			string(client.StatusExpired), string(client.StatusRejected), string(client.StatusAuthorizationRequired),
			string(client.StatusConfirmationRequired), string(client.StatusConfirmed), string(client.StatusIdentificationDataRequired),
			string(client.StatusProcessed), string(client.StatusSigned), string(client.StatusPreSuccessful),
			string(client.StatusPendingAccountCreation), string(client.StatusPendingRefTransfer),
		},
		"Method": {
			string(client.MethodBank), string(client.MethodBankID), string(client.MethodBankPlus), string(client.MethodFourthline),
			string(client.MethodFourthlineSigning), string(client.MethodIDnow), string(client.MethodIDnowAutoIdent),
			string(client.MethodIDnowCustom), string(client.MethodManual), string(client.MethodPostident),
		},
		"ChangeStatus": {
			string(client.ChangeAuthorizationRequired), string(client.ChangeConfirmationRequired), string(client.ChangeCompleted), string(client.ChangeFailed),
		},
	} {
		var want []string
		for _, word := range doc.Components.Schemas[schema].Value.Enum {
			want = append(want, word.(string))
		}
		slices.Sort(want)
		slices.Sort(words)
		same(t, schema, words, want)
	}
	for schema, words := range map[string][]string{
		"EventType": {
			string(client.EventIdentification), string(client.EventPersonChanged), string(client.EventPersonDeleted),
			string(client.EventPersonMobileNumberCreated), string(client.EventPersonMobileNumberDeleted),
			string(client.EventPersonTaxIdentificationChanged), string(client.EventPotentialAccountBlocking),
		},
		"DocumentType": {
			string(client.DocumentKYCReport), string(client.DocumentIDDocument), string(client.DocumentPicture), string(client.DocumentVideo),
			string(client.DocumentOther), string(client.DocumentProofOfAddress), string(client.DocumentProofOfTaxID),
			string(client.DocumentProofOfProfession), string(client.DocumentSignature), string(client.DocumentQES), string(client.DocumentSignedQES),
		},
	} {
		for _, word := range words {
			if !slices.Contains(doc.Components.Schemas[schema].Value.Enum, any(word)) {
				t.Errorf("%s has no %s", schema, word)
			}
		}
	}
	for _, word := range []client.Result{ // other firms have other words, and those of IDnow are told first
		client.ResultSuccess, client.ResultSuccessDataChanged, client.ResultReviewPending, client.ResultCheckPending, client.ResultFraudSuspicionPending,
		client.ResultFraudSuspicionConfirmed, client.ResultFailed, client.ResultAborted, client.ResultCanceled,
	} {
		if !strings.Contains(doc.Components.Schemas["Result"].Value.Description, "`"+string(word)+"`") {
			t.Errorf("Result does not tell of %s", word)
		}
	}
}

// jsonFields are the fields of a struct by their names in JSON, with those of
// what is embedded.
func jsonFields(of reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = field
		}
	}
	return fields
}

// typesOf are the types of JSON that a schema takes.
func typesOf(schema *openapi3.Schema) []string {
	types := schema.Type.Slice()
	for _, part := range schema.AllOf {
		types = append(types, typesOf(part.Value)...)
	}
	return types
}

// kindOf is the type of JSON that a field of the client is read from.
func kindOf(of reflect.Type) string {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of == reflect.TypeFor[time.Time](), of.Kind() == reflect.String:
		return "string"
	case of == reflect.TypeFor[json.RawMessage]():
		return "any"
	case of.Kind() == reflect.Bool:
		return "boolean"
	case of.Kind() == reflect.Int, of.Kind() == reflect.Int64:
		return "integer"
	case of.Kind() == reflect.Slice:
		return "array"
	}
	return "object"
}
