package xs2a

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// apiError is a refusal as the firm words it.
type apiError struct {
	Status  int
	Message string
	Fields  map[string]string // what is wrong with which field, without the field's name
}

func badRequest(message string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Message: message}
}

func invalid(fields map[string]string) *apiError {
	return &apiError{Status: http.StatusUnprocessableEntity, Message: "The given data was invalid.", Fields: fields}
}

var (
	unauthorized = &apiError{Status: http.StatusUnauthorized, Message: "Invalid credentials."}
	notFound     = &apiError{Status: http.StatusNotFound, Message: "Not found."}
	tooLarge     = &apiError{Status: http.StatusRequestEntityTooLarge, Message: "The request body is longer than 1 MiB."}
	gone         = &apiError{Status: http.StatusGone, Message: "The account snapshot has expired."}
	internal     = &apiError{Status: http.StatusInternalServerError, Message: "Internal server error."}
)

func writeError(w http.ResponseWriter, e *apiError) {
	answer := map[string]any{"code": strconv.Itoa(e.Status), "message": e.Message}
	if len(e.Fields) > 0 {
		fields := map[string][]string{}
		for field, message := range e.Fields {
			fields[field] = []string{"The " + strings.ReplaceAll(field, "_", " ") + " " + message}
		}
		answer["errors"] = fields
	}
	simkit.WriteJSON(w, e.Status, answer)
}

// handler answers a call or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) *apiError

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refused := h(w, r); refused != nil {
		writeError(w, refused)
	}
}

// API is the company's API. The wizard's steps are there too; the customer's key opens them.
func (s *Server) API() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, h handler) { mux.Handle(pattern, s.authorized(h)) }
	for path, product := range map[string]string{"/v1/payments": productPay, "/v1/risks": productRisk} {
		route("POST "+path, s.create(product))
		route("GET "+path, s.listProducts(product))
		route("GET "+path+"/{tx}", s.getProduct(product))
		route("DELETE "+path+"/{tx}", s.deleteProduct(product))
		route("GET "+path+"/{tx}/events", s.getEvents)
	}
	for word, status := range map[string]string{"received": statusReceived, "loss": statusLoss, "none": statusNone} {
		route("POST /v1/payments/{tx}/"+word, s.mark(status))
	}
	route("GET /v1/risks/{tx}/accountSnapshot", s.snapshot)
	route("GET /v1/sessions/{tx}", s.getSession)
	route("GET /v1/events", s.listEvents)
	route("GET /v1/events/{id}", s.getEvent)
	mux.Handle("POST /v1.1/wizard", handler(s.wizardCall))
	mux.Handle("/", s.authorized(func(http.ResponseWriter, *http.Request) *apiError { return notFound }))
	return s.misbehaving(mux)
}

// authorized lets in who has the API key.
func (s *Server) authorized(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		user, key, ok := r.BasicAuth()
		if !ok || user != "api" || subtle.ConstantTimeCompare([]byte(key), []byte(s.cfg.APIKey)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="api"`)
			return unauthorized
		}
		return next(w, r)
	}
}

// failed logs what went wrong in the simulator itself; the caller learns only that it did.
func (s *Server) failed(r *http.Request, err error) *apiError {
	s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
	return internal
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	body, err := simkit.Body(w, r)
	switch {
	case errors.Is(err, simkit.ErrTooLarge):
		return nil, tooLarge
	case err != nil:
		return nil, badRequest("The body could not be read.")
	}
	return body, nil
}

// create opens a wizard session. There is no idempotency: each call opens another.
func (s *Server) create(product string) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		body, refused := readBody(w, r)
		if refused != nil {
			return refused
		}
		o, refused := s.readOrder(product, body)
		if refused != nil {
			return refused
		}
		ses, err := s.open(o)
		if err != nil {
			return s.failed(r, err)
		}
		simkit.WriteJSON(w, http.StatusCreated, map[string]string{"transaction": ses.Tx, "wizard_session_key": ses.Key})
		return nil
	}
}

// succeeded is the session of a payment or risk that exists: the wizard was finished.
func (s *Server) succeeded(product, tx string) *session {
	ses := s.session(tx)
	if ses == nil || ses.Order.Product != product || !ses.Finished {
		return nil
	}
	return ses
}

func (s *Server) getProduct(product string) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		ses := s.succeeded(product, r.PathValue("tx"))
		if ses == nil {
			return notFound
		}
		simkit.WriteJSON(w, http.StatusOK, s.product(ses))
		return nil
	}
}

func (s *Server) deleteProduct(product string) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		ses := s.succeeded(product, r.PathValue("tx"))
		if ses == nil {
			return notFound
		}
		if err := s.remove(ses.Tx); err != nil {
			return s.failed(r, err)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// mark sets payment_status.
func (s *Server) mark(status string) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		ses := s.succeeded(productPay, r.PathValue("tx"))
		if ses == nil {
			return notFound
		}
		err := s.change(ses.Tx, func(ses *session) error {
			if ses.PaymentStatus == status {
				return errUnchanged
			}
			ses.PaymentStatus = status
			s.log(ses, "transaction.updated", "The payment status was set to "+status, s.now())
			return nil
		})
		if errors.Is(err, ErrNoSession) {
			return notFound
		}
		if err != nil {
			return s.failed(r, err)
		}
		return s.getProduct(productPay)(w, r)
	}
}

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) *apiError {
	ses := s.session(r.PathValue("tx"))
	if ses == nil {
		return notFound
	}
	simkit.WriteJSON(w, http.StatusOK, s.sessionObject(ses))
	return nil
}

// snapshot answers in the format json2, the only one there is here.
func (s *Server) snapshot(w http.ResponseWriter, r *http.Request) *apiError {
	ses := s.session(r.PathValue("tx"))
	switch {
	case ses == nil || !ses.Finished || ses.Scenario.Snapshot == "failed":
		return notFound
	case ses.Scenario.Snapshot == "expired":
		return gone
	case r.URL.Query().Get("format") != "json2":
		return invalid(map[string]string{"format": "must be json2; the simulation has no other."})
	}
	simkit.WriteJSON(w, http.StatusOK, s.snapshotObject(ses))
	return nil
}

func (s *Server) listProducts(product string) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		found := []any{}
		for _, ses := range s.all() {
			if ses.Finished && ses.Order.Product == product {
				found = append(found, s.product(ses))
			}
		}
		return writeList(w, r, found)
	}
}

// eventsOf lists entries of the event log, of one transaction if tx is one.
func (s *Server) eventsOf(tx, kind string) []any {
	found, sessions := []any{}, []*session{}
	if tx == "" {
		sessions = s.all()
	} else if ses := s.session(tx); ses != nil {
		sessions = append(sessions, ses)
	}
	for _, ses := range sessions {
		for _, e := range ses.Events {
			if kind == "" || e.Type == kind {
				found = append(found, e)
			}
		}
	}
	return found
}

func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) *apiError {
	return writeList(w, r, s.eventsOf(r.URL.Query().Get("transaction_id"), r.URL.Query().Get("type")))
}

func (s *Server) getEvents(w http.ResponseWriter, r *http.Request) *apiError {
	if s.session(r.PathValue("tx")) == nil {
		return notFound
	}
	return writeList(w, r, s.eventsOf(r.PathValue("tx"), ""))
}

func (s *Server) getEvent(w http.ResponseWriter, r *http.Request) *apiError {
	for _, ses := range s.all() {
		for _, e := range ses.Events {
			if e.ID == r.PathValue("id") {
				simkit.WriteJSON(w, http.StatusOK, e)
				return nil
			}
		}
	}
	return notFound
}

// perPage is how much a page of a list has unless per_page asks for another number, and maxPerPage the most.
const (
	perPage    = 15
	maxPerPage = 100
)

// writeList answers with a page of a list.
func writeList(w http.ResponseWriter, r *http.Request, all []any) *apiError {
	page, size := 1, perPage
	for field, into := range map[string]*int{"page": &page, "per_page": &size} {
		if text := r.URL.Query().Get(field); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return invalid(map[string]string{field: "must be a number greater than 0."})
			}
			*into = n
		}
	}
	size = min(size, maxPerPage)
	last := max(1, (len(all)+size-1)/size)
	begin := min((min(page, last+1)-1)*size, len(all))
	end := min(begin+size, len(all))
	answer := map[string]any{
		"total": len(all), "per_page": size, "current_page": page, "last_page": last, "from": nil, "to": nil, "data": all[begin:end],
	}
	if end > begin {
		answer["from"], answer["to"] = begin+1, end
	}
	simkit.WriteJSON(w, http.StatusOK, answer)
	return nil
}
