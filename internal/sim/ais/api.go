package ais

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// The profiles of requests, and additional ones.
const (
	profile10   = "http://ais.swisscom.ch/1.0"
	profile11   = "http://ais.swisscom.ch/1.1"
	onDemand    = "http://ais.swisscom.ch/1.0/profiles/ondemandcertificate"
	batch       = "http://ais.swisscom.ch/1.0/profiles/batchprocessing"
	async       = "urn:oasis:names:tc:dss:1.0:profiles:asynchronousprocessing"
	redirect    = "http://ais.swisscom.ch/1.1/profiles/redirect"
	typeCMS     = "urn:ietf:rfc:3369"
	typeStamp   = "urn:ietf:rfc:3161"
	maxMessage  = 120
	maxDocument = 250 // of one request
)

// API is the service: POST /AIS-Server/rs/v1.0/sign and …/pending. Serve it with ServerTLS.
func (s *Server) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /AIS-Server/rs/v1.0/sign", func(w http.ResponseWriter, r *http.Request) { s.call(w, r, "SignRequest", s.signCall) })
	mux.HandleFunc("POST /AIS-Server/rs/v1.0/pending", func(w http.ResponseWriter, r *http.Request) {
		s.call(w, r, "async.PendingRequest", s.pendingCall)
	})
	return s.misbehaving(mux)
}

// call reads a request, checks who sends it, and answers with what f says.
func (s *Server) call(w http.ResponseWriter, r *http.Request, root string, f func(context.Context, node) (*request, *result)) {
	body, err := simkit.Body(w, r)
	if errors.Is(err, simkit.ErrTooLarge) {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	whole, wrongJSON := readNode(body)
	if err != nil || wrongJSON != nil || len(whole.all(root)) != 1 {
		writeResult(w, "", profile11, bad("UnexpectedData", "The body is no JSON with one "+root))
		return
	}
	sent := whole.all(root)[0]
	req, refused := (*request)(nil), s.checkCaller(r, sent)
	if refused == nil {
		req, refused = f(r.Context(), sent)
	}
	profile := profile11
	if sent.at("@Profile") == profile10 {
		profile = profile10
	}
	if refused != nil {
		writeResult(w, sent.at("@RequestID"), profile, refused)
		return
	}
	s.writeState(w, req, profile)
}

// checkCaller checks profile, identity and certificate.
func (s *Server) checkCaller(r *http.Request, sent node) *result {
	if p := sent.at("@Profile"); p != profile10 && p != profile11 {
		return bad("UnsupportedProfile", "The profile must be "+profile11)
	}
	claimed := sent.at("OptionalInputs", "ClaimedIdentity", "Name")
	customer, entity, _ := strings.Cut(claimed, ":")
	switch {
	case claimed == "":
		return bad("InsufficientData", "ClaimedIdentity is missing")
	case customer != s.cfg.Customer:
		return bad("UnknownCustomer", "The customer is not known")
	case !slices.Contains(s.cfg.Entities, entity):
		return bad("UnknownServiceEntity", "The key entity is not known")
	case s.cfg.Plain:
		return nil
	case r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || r.TLS.PeerCertificates[0].Subject.CommonName != customer:
		return bad("AuthenticationFailed", "The client certificate is not that of the customer")
	}
	return nil
}

// signCall is POST /sign: it begins a request and sends the customer the password.
func (s *Server) signCall(ctx context.Context, sent node) (*request, *result) {
	next := s.takeNext()
	if next.Refuse {
		refused := withSuccess()[next.Outcome]
		return nil, &refused
	}
	r, msisdn, refused := readRequest(sent)
	if refused != nil {
		return nil, refused
	}
	r.Token, r.Responses = simkit.UUID(), []string{simkit.UUID()}
	r.Transaction = "AP-" + s.fate(r.ID, "transaction").Letters(16, "0123456789abcdef")
	r.Serial = "SAS" + s.fate(msisdn, "step-up").Letters(16, "0123456789abcdefghijklmnopqrstuvwxyz")
	r.ExpiresAt = s.now().Add(passwordLifetime)
	r.Delay, r.Flaw, r.Late = next.Delay, next.Flaw, next.Late
	password, err := r.setPassword(msisdn)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	if wanted := sent.at(phonePath("sc.SerialNumber")...); wanted != "" && wanted != r.Serial {
		next.Outcome = "SerialNumberMismatch"
	}
	if next.Outcome != "" {
		r.end(next.Outcome, s.now())
	}
	s.mu.Lock()
	_, err = s.put(r)
	s.mu.Unlock()
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	if err := s.cfg.Text(ctx, r.ID, msisdn, strings.TrimSpace(r.Message+" "+password)); err != nil {
		s.cfg.Logger.WarnContext(ctx, "simulator could not send a text message", "error", err)
		if err := s.giveUp(r.ID, "transport"); err != nil {
			return nil, s.failed(ctx, err)
		}
		return nil, bad("transport", "The user could not be reached")
	}
	return r, nil
}

// failed logs what went wrong in the simulator itself; the caller learns only that it did.
func (s *Server) failed(ctx context.Context, err error) *result {
	s.cfg.Logger.ErrorContext(ctx, "simulator failed", "error", err)
	return bad("GeneralError", "Something went wrong")
}

func phonePath(last string) []string {
	return []string{"OptionalInputs", "sc.CertificateRequest", "sc.StepUpAuthorisation", "sc.Phone", last}
}

// readRequest reads a request for signatures and the number to send the password to.
func readRequest(sent node) (r *request, msisdn string, refused *result) {
	options := []string{"OptionalInputs"}
	r = &request{
		ID: sent.at("@RequestID"), Profile: sent.at("@Profile"), Message: sent.at(phonePath("sc.Message")...), Language: sent.at(phonePath("sc.Language")...),
		Stamped: len(sent.all(append(options, "AddTimestamp")...)) > 0, Validation: len(sent.all(append(options, "sc.AddRevocationInformation")...)) > 0,
	}
	if refused = readProfiles(sent); refused != nil {
		return nil, "", refused
	}
	if r.Documents, refused = readDocuments(sent); refused != nil {
		return nil, "", refused
	}
	profiles := sent.texts("OptionalInputs", "AdditionalProfile")
	standard := strings.ToUpper(sent.at("OptionalInputs", "sc.SignatureStandard"))
	msisdn = sent.at(phonePath("sc.MSISDN")...)
	name, understood := readSubject(sent.at("OptionalInputs", "sc.CertificateRequest", "sc.DistinguishedName"))
	r.Subject = name
	switch {
	case len(r.Documents) > 1 && !slices.Contains(profiles, batch):
		return nil, "", bad("UnexpectedData", "Several documents need the profile for batches")
	case sent.at("OptionalInputs", "SignatureType") != typeCMS:
		return nil, "", bad("UnexpectedData", "SignatureType must be "+typeCMS)
	case standard != "" && !slices.Contains([]string{"PADES", "PADES-BASELINE", "CADES", "PDF", "PLAIN"}, standard):
		return nil, "", bad("UnexpectedData", "sc.SignatureStandard is not known")
	case sent.at("OptionalInputs", "sc.CertificateRequest", "sc.DistinguishedName") == "":
		return nil, "", bad("InsufficientData", "DistinguishedName is missing")
	case !understood || name.value("cn") == "" && name.value("pseudonym") == "" || len(name.value("c")) != 2:
		return nil, "", bad("UnexpectedData", "DistinguishedName cannot be understood, or has no cn or no c")
	case msisdn == "":
		return nil, "", bad("InsufficientData", "MSISDN is missing")
	case strings.Trim(msisdn, "0123456789") != "" || len(msisdn) < 6 || len(msisdn) > 15:
		return nil, "", bad("UnexpectedData", "MSISDN must be digits with country code")
	case r.Message == "" || utf8.RuneCountInString(r.Message) > maxMessage:
		return nil, "", bad("UnexpectedData", "Message must have 1 to 120 characters")
	case !slices.Contains([]string{"en", "de", "fr", "it"}, r.Language):
		return nil, "", bad("UnexpectedData", "Language must be en, de, fr or it")
	case r.ID == "":
		return nil, "", bad("InsufficientData", "RequestID is missing")
	}
	return r, msisdn, nil
}

// readProfiles refuses what is not a signature with an on-demand certificate and step-up.
func readProfiles(sent node) *result {
	profiles := sent.texts("OptionalInputs", "AdditionalProfile")
	for _, p := range profiles {
		if !slices.Contains([]string{onDemand, batch, async, redirect}, p) {
			return bad("UnsupportedProfile", "The simulator knows no such additional profile")
		}
	}
	for _, p := range []string{onDemand, async, redirect} {
		if !slices.Contains(profiles, p) {
			return bad("UnsupportedProfile", "The simulator wants the additional profile "+p)
		}
	}
	return nil
}

// readDocuments reads the digests of what is to be signed.
func readDocuments(sent node) (all []document, refused *result) {
	seen := map[string]bool{}
	for _, hash := range sent.all("InputDocuments", "DocumentHash") {
		d := document{ID: hash.at("@ID"), Algorithm: hash.at("dsig.DigestMethod", "@Algorithm")}
		algorithm, ok := digests[d.Algorithm]
		if !ok {
			return nil, bad("UnsupportedDigestAlgorithm", "The digest algorithm is not supported")
		}
		var err error
		d.Digest, err = base64.StdEncoding.DecodeString(hash.at("dsig.DigestValue"))
		if err != nil || len(d.Digest) != algorithm.hash.Size() || seen[d.ID] {
			return nil, bad("UnexpectedData", "A DigestValue has another length than its algorithm's, or an @ID comes twice")
		}
		seen[d.ID] = true
		all = append(all, d)
	}
	if len(all) == 0 || len(all) > maxDocument {
		return nil, bad("InsufficientData", "DocumentHash is missing, or there are too many")
	}
	return all, nil
}

// pendingCall is POST /pending. Each answer has a ResponseID of its own.
func (s *Server) pendingCall(ctx context.Context, sent node) (*request, *result) {
	r := s.find(s.byResponse, sent.at("OptionalInputs", "async.ResponseID"))
	if r == nil {
		return nil, bad("UnexpectedData", "ResponseID is not known")
	}
	r, err := s.change(r.ID, func(r *request) error {
		if r.Late = false; !r.Done {
			r.Responses = append(r.Responses, simkit.UUID())
			r.Responses = r.Responses[max(0, len(r.Responses)-responsesKept):]
		}
		return nil
	})
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return r, nil
}
