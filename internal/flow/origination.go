package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

const (
	maxContracts    = 20       // documents that are signed in one call
	maxContractSize = 10 << 20 // bytes of one
	maxPlaces       = 50       // signatures on one
	maxPoints       = 20_000   // of a place: larger than any sheet
)

// contract is a document that the customer is to sign, as the origination keeps it.
type contract struct {
	Identifier string                    `json:"identifier"`
	DocumentID string                    `json:"document_id"`
	Places     []provider.SignaturePlace `json:"places"`
}

// contractName is what identifiers and signatures may be called: they become
// names at the provider.
var contractName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// CreateOrigination makes an identification in which the customer signs
// documents, and has it requested at the provider at once.
func (s *Service) CreateOrigination(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (kyc.Origination, *kyc.Replay, error) {
	var p kyc.Person
	var partner kyc.Partner
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		if p, err = v.Persons().Get(partnerID, personID); err != nil {
			return err
		}
		partner, err = v.Partners().Get(partnerID)
		return err
	})
	if err != nil {
		return kyc.Origination{}, nil, err
	}
	var made kyc.Origination
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		i, contracts, err := s.readOrigination(tx, partner, p, body)
		if err != nil {
			return nil, err
		}
		if made, err = s.originate(ctx, tx, i, contracts); err != nil {
			return nil, err
		}
		return made, nil
	})
	return made, replay, err
}

// readOrigination checks the request: the fields, the documents, the person, then
// the right.
func (s *Service) readOrigination(tx kyc.Tx, partner kyc.Partner, p kyc.Person, body map[string]any) (kyc.Identification, []contract, error) {
	f := &fields{body: body}
	i := kyc.Identification{
		PartnerID: p.PartnerID, PersonID: p.ID, State: kyc.Created, CreatedAt: tx.Now(), Version: 1,
		Method: kyc.Method(f.required("method", f.text("method", 64))), Address: addressOf(p.Attributes),
	}
	if i.Method != "" && i.Method != kyc.MethodIDnow {
		f.fail("method", kyc.NotIncluded([]kyc.Method{kyc.MethodIDnow}))
	}
	contracts := f.contracts()
	if err := checkContracts(tx, f, p, contracts); err != nil {
		return i, nil, err
	}
	f.broken = append(f.broken, s.hindrances(s.Rules[kyc.MethodIDnow], p.Attributes, false)...)
	if err := kyc.InvalidFields(f.broken); err != nil {
		return i, nil, err
	}
	n, err := tx.History().Unsuccessful(p.ID)
	switch {
	case err != nil:
		return i, nil, err
	case n > kyc.MaxUnsuccessful:
		return i, nil, kyc.Fail(kyc.PreconditionFailed, "identification_attempts_exceeded", "There are more than %d unsuccessful attempts", kyc.MaxUnsuccessful)
	case s.Signing.Starter == nil || !partner.May(i.Method):
		return i, nil, errNotAllowed
	}
	return i, contracts, nil
}

// contracts reads the list of documents and the places of their signatures.
func (f *fields) contracts() (all []contract) {
	const list = "additional_documents"
	raw, ok := f.body[list].([]any)
	switch {
	case f.body[list] == nil || ok && len(raw) == 0:
		f.fail(list, "can't be blank")
	case !ok:
		f.failAs("type_error", list, "must be an array")
	case len(raw) > maxContracts:
		f.fail(list, fmt.Sprintf("is too long (maximum is %d documents)", maxContracts))
		return nil
	}
	for n, one := range raw {
		at := fmt.Sprintf("%s[%d]", list, n)
		object, ok := one.(map[string]any)
		if !ok {
			f.failAs("type_error", at, "must be an object")
			continue
		}
		in := &fields{body: object}
		c := contract{Identifier: in.required("identifier", in.text("identifier", 64)), DocumentID: in.required("document_id", in.text("document_id", 64))}
		switch {
		case c.Identifier == "":
		case !contractName.MatchString(c.Identifier):
			in.fail("identifier", "must be of lower-case letters, digits, - and _")
		case slices.ContainsFunc(all, func(o contract) bool { return o.Identifier == c.Identifier }):
			in.fail("identifier", "has already been taken")
		}
		c.Places = in.places()
		f.under(at, in)
		all = append(all, c)
	}
	return all
}

// under takes what is wrong with the members of an object that lies in this one.
func (f *fields) under(at string, in *fields) {
	for _, b := range in.broken {
		f.failAs(b.Code, at+"."+b.Field, b.Message)
	}
}

// places reads signature_position: a name for each signature, and its place.
func (f *fields) places() (all []provider.SignaturePlace) {
	const member = "signature_position"
	named, ok := f.body[member].(map[string]any)
	if !ok && f.body[member] != nil {
		f.failAs("type_error", member, "must be an object")
	}
	if len(named) > maxPlaces {
		f.fail(member, fmt.Sprintf("is too long (maximum is %d signatures)", maxPlaces))
		return nil
	}
	for name, one := range named {
		if !contractName.MatchString(name) {
			f.fail(member, "must have names of lower-case letters, digits, - and _")
			continue
		}
		at := member + "." + name
		holder, _ := one.(map[string]any)
		position, ok := holder["position"].(map[string]any)
		if !ok {
			f.failAs("type_error", at+".position", "must be an object")
			continue
		}
		in := &fields{body: position}
		p := provider.SignaturePlace{Name: name, Page: int(in.points("page"))}
		p.Left, p.Bottom, p.Width, p.Height = in.points("left"), in.points("bottom"), in.points("width"), in.points("height")
		if page := in.points("page"); page < 1 || page != float64(int(page)) {
			in.fail("page", "must be a page's number, from 1")
		}
		for name, size := range map[string]float64{"width": p.Width, "height": p.Height} {
			if size == 0 {
				in.fail(name, "must be greater than 0")
			}
		}
		f.under(at+".position", in)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b provider.SignaturePlace) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(f.broken, func(a, b kyc.FieldError) int { return strings.Compare(a.Field, b.Field) }) // maps have no order
	return all
}

// points reads a number of a place: not negative, and on some sheet.
func (f *fields) points(name string) float64 {
	v, ok := f.body[name].(json.Number)
	if !ok {
		if f.body[name] == nil {
			f.fail(name, "can't be blank")
		} else {
			f.failAs("type_error", name, "must be a number")
		}
		return 0
	}
	n, err := v.Float64()
	if err != nil || n < 0 || n > maxPoints {
		f.fail(name, fmt.Sprintf("must be between 0 and %d", maxPoints))
		return 0
	}
	return n
}

// checkContracts looks for the documents: the person's own, PDF, not deleted.
func checkContracts(tx kyc.Tx, f *fields, p kyc.Person, contracts []contract) error {
	for n, c := range contracts {
		if c.DocumentID == "" {
			continue // said already
		}
		at := fmt.Sprintf("additional_documents[%d].document_id", n)
		d, err := tx.Documents().Find(p.PartnerID, p.ID, c.DocumentID)
		switch {
		case kyc.IsKind(err, kyc.NotFound) || err == nil && !d.DeletedAt.IsZero():
			f.fail(at, "is no document of the person")
		case err != nil:
			return err
		case d.ContentType != "application/pdf":
			f.fail(at, "must be a PDF file, to be signed")
		case d.Size > maxContractSize:
			f.fail(at, "is too large to be signed (maximum is 10 MiB)")
		}
	}
	return nil
}

// originate writes the identification, the origination and the intent.
func (s *Service) originate(ctx context.Context, tx kyc.Tx, i kyc.Identification, contracts []contract) (o kyc.Origination, err error) {
	for suffix, to := range map[string]*string{id.Identification: &i.ID, id.Origination: &o.ID, id.ESigning: &o.ESigningID} {
		if *to, err = tx.NewID(suffix); err != nil {
			return o, err
		}
	}
	plain, err := json.Marshal(contracts)
	if err != nil {
		return o, err
	}
	key, err := s.keyOf(tx.Persons(), i.PersonID)
	if err != nil {
		return o, err
	}
	if o.Contracts, err = key.Seal(plain, aboutContracts(i.ID)); err != nil {
		return o, err
	}
	o.PartnerID, o.PersonID, o.IdentificationID, o.CreatedAt, o.Version = i.PartnerID, i.PersonID, i.ID, tx.Now(), 1
	o.Begin()
	if err := tx.Identifications().Insert(i); err != nil {
		return o, err
	}
	if err := tx.Originations().Insert(o); err != nil {
		return o, err
	}
	err = tx.History().Add(kyc.Entry{
		PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: byPartner, RequestID: requestID(ctx),
		Event: "created", To: i.State, Details: details(map[string]any{"method": i.Method, "origination": o.ID, "documents": len(contracts)}),
	})
	if err != nil {
		return o, err
	}
	if err := tx.Jobs().Add(kyc.Job{Kind: kyc.StartSession, Key: i.ID, DueAt: tx.Now()}); err != nil {
		return o, err
	}
	if err := s.notifyIdentification(tx, i); err != nil {
		return o, err
	}
	return o, notifyOrigination(tx, o)
}

func aboutContracts(identificationID string) string { return "contracts of " + identificationID }

// originationEvent is the body of IDENTIFICATION_ORIGINATION (partner-api.md §5.6).
type originationEvent struct {
	ID               string                `json:"identification_origination_id"`
	Status           kyc.OriginationStatus `json:"status"`
	Description      string                `json:"status_description"`
	IdentificationID string                `json:"identification_id"`
	ESigningID       string                `json:"esigning_id"`
}

func notifyOrigination(tx kyc.Tx, o kyc.Origination) error {
	subscriptions, err := tx.Subscriptions().ByEvent(o.PartnerID, kyc.EventOrigination)
	if err != nil || len(subscriptions) == 0 {
		return err
	}
	body, err := json.Marshal(originationEvent{o.ID, o.Status, o.Description, o.IdentificationID, o.ESigningID})
	if err != nil {
		return err
	}
	return queue(tx, subscriptions, o.ID, body)
}

// follow moves the origination of an identification that has just moved, if it
// has one, and tells whoever asked for it.
func (s *Service) follow(tx kyc.Tx, i kyc.Identification, signed bool) error {
	return s.alterOrigination(tx, i, func(o *kyc.Origination) bool { return o.Follow(i.State, signed) })
}

func (s *Service) alterOrigination(tx kyc.Tx, i kyc.Identification, change func(*kyc.Origination) bool) error {
	if s.Signing.Starter == nil {
		return nil // nothing is signed here
	}
	o, ok, err := tx.Originations().OfIdentification(i.ID)
	if err != nil || !ok || !change(&o) {
		return err
	}
	if err := tx.Originations().Update(o); err != nil {
		return err
	}
	return notifyOrigination(tx, o)
}

// contractsOf are the documents that the customer signs in the identification, to
// be read one after the other; none if it is a plain one.
func (s *Service) contractsOf(ctx context.Context, i kyc.Identification) ([]provider.Contract, error) {
	if s.Signing.Starter == nil {
		return nil, nil
	}
	var kept []contract
	err := s.Store.View(ctx, func(v kyc.View) error {
		o, ok, err := v.Originations().OfIdentification(i.ID)
		if err != nil || !ok {
			return err
		}
		key, err := s.keyOf(v.Persons(), i.PersonID)
		if err != nil {
			return err
		}
		plain, err := key.Open(o.Contracts, aboutContracts(i.ID))
		if err != nil {
			return err
		}
		return json.Unmarshal(plain, &kept)
	})
	if err != nil {
		return nil, err
	}
	var all []provider.Contract
	for _, c := range kept {
		all = append(all, provider.Contract{Identifier: c.Identifier, Places: c.Places, Open: func() (io.ReadCloser, error) {
			_, file, err := s.OpenDocument(ctx, i.PartnerID, i.PersonID, c.DocumentID)
			return file, err
		}})
	}
	return all, nil
}
