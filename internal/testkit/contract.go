// Package testkit is what tests share: the judge of answers, and whatever else
// more than one package's tests need. No product code imports it.
package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/identikit/identikit/api"
)

// Operation is one method and path of the API, with {names} as in the document.
type Operation struct{ Method, Path string }

// Seen is an answer that was checked: an operation and a status.
type Seen struct {
	Operation
	Status int
}

// Contract is the description of the API, as a judge of answers. It may be
// used from several goroutines.
type Contract struct {
	doc *openapi3.T

	mu   sync.Mutex
	seen map[Seen]int
}

// LoadContract reads the description and makes sure that it is one.
func LoadContract() (*Contract, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(api.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return &Contract{doc: doc, seen: map[Seen]int{}}, nil
}

// Operations lists what the description describes, sorted.
func (c *Contract) Operations() []Operation {
	var all []Operation
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, Operation{method, path})
		}
	}
	slices.SortFunc(all, func(a, b Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return all
}

// Successes lists the statuses below 400 that the description gives an operation.
func (c *Contract) Successes(op Operation) (statuses []int) {
	for text := range c.doc.Paths.Value(op.Path).GetOperation(op.Method).Responses.Map() {
		if status, err := strconv.Atoi(text); err == nil && status < 400 {
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	return statuses
}

// Seen says how often each operation has answered with each status so far.
func (c *Contract) Seen() map[Seen]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.seen)
}

// Check tells whether the answer to req is one that the description allows:
// status, headers, body, and the order of the body's keys. What lies outside of
// the API (/healthz and the like) is nobody's business here and passes.
func (c *Contract) Check(req *http.Request, status int, header http.Header, body []byte) error {
	if !ofTheAPI(req.URL.Path) {
		return nil
	}
	method := req.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path, params, ok := c.match(req.URL.Path)
	item := c.doc.Paths.Value(path)
	if !ok || item.GetOperation(method) == nil {
		return c.checkUnknown(req, ok, status, header, body)
	}
	c.mu.Lock()
	c.seen[Seen{Operation{method, path}, status}]++
	c.mu.Unlock()

	operation := item.GetOperation(method)
	response := operation.Responses.Status(status)
	if response == nil {
		response = operation.Responses.Default()
	}
	if response == nil {
		return fmt.Errorf("%s %s: the description knows no status %d", method, path, status)
	}
	if status < 400 && operation.Responses.Status(status) == nil {
		return fmt.Errorf("%s %s: the default is for errors, and %d is none", method, path, status)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, PathParams: params,
			Route: &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: method, Operation: operation},
		},
		Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{MultiError: true, ExcludeResponseBody: !judged(response.Value, header)},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		return fmt.Errorf("%s %s → %d: %w\n%s", method, path, status, err, excerpt(body))
	}
	if err := checkContent(response.Value, req.Method, header, body); err != nil {
		return fmt.Errorf("%s %s → %d: %w\n%s", method, path, status, err, excerpt(body))
	}
	return nil
}

// checkUnknown judges the answer to a request that the description does not
// know: it must be refused, in the one form that errors have.
func (c *Contract) checkUnknown(req *http.Request, known bool, status int, header http.Header, body []byte) error {
	want := []int{http.StatusNotFound, http.StatusUnauthorized}
	if known {
		want = []int{http.StatusMethodNotAllowed, http.StatusNotFound, http.StatusUnauthorized}
	}
	where := fmt.Sprintf("%s %s → %d, which the description does not have", req.Method, req.URL.Path, status)
	if !slices.Contains(want, status) {
		return errors.New(where)
	}
	if header.Get("X-Request-Id") == "" {
		return fmt.Errorf("%s: no X-Request-Id", where)
	}
	if req.Method == http.MethodHead {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%s: %w\n%s", where, err, excerpt(body))
	}
	if err := c.doc.Components.Schemas["Error"].Value.VisitJSON(value); err != nil {
		return fmt.Errorf("%s: %w\n%s", where, err, excerpt(body))
	}
	return nil
}

// checkContent holds what the library leaves open: an answer without content
// has none, other types than JSON are described ones, keys come in order.
func checkContent(response *openapi3.Response, method string, header http.Header, body []byte) error {
	if method == http.MethodHead {
		return nil
	}
	if len(response.Content) == 0 {
		if len(body) > 0 {
			return errors.New("a body where none is described")
		}
		return nil
	}
	content := response.Content.Get(header.Get("Content-Type"))
	if content == nil {
		return fmt.Errorf("content type %q is not described", header.Get("Content-Type"))
	}
	if !judged(response, header) {
		return nil
	}
	return ordered(content.Schema.Value, json.RawMessage(body), "")
}

// ordered tells whether the required keys of every object stand in the order in
// which the description requires them. Of alternatives nothing is asked.
func ordered(schema *openapi3.Schema, raw json.RawMessage, at string) error {
	if schema == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		for i := 0; decoder.More(); i++ {
			var item json.RawMessage
			if err := decoder.Decode(&item); err != nil {
				return err
			}
			if schema.Items == nil {
				continue
			}
			if err := ordered(schema.Items.Value, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		var keys []string
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			var value json.RawMessage
			if err := decoder.Decode(&value); err != nil {
				return err
			}
			name, _ := key.(string)
			if slices.Contains(keys, name) {
				return fmt.Errorf("%s.%s is there twice", at, name)
			}
			if slices.Contains(schema.Required, name) {
				keys = append(keys, name)
			}
			if property := schema.Properties[name]; property != nil {
				if err := ordered(property.Value, value, at+"."+name); err != nil {
					return err
				}
			}
		}
		if len(schema.Required) > 0 && !slices.Equal(keys, schema.Required) {
			return fmt.Errorf("the keys of %q are %v, they should be %v", at, keys, schema.Required)
		}
	}
	return nil
}

// match finds the path of the description that a request's path belongs to;
// one with fewer {names} wins.
func (c *Contract) match(requested string) (path string, params map[string]string, ok bool) {
	parts := strings.Split(requested, "/")
	for candidate := range c.doc.Paths.Map() {
		names := strings.Split(candidate, "/")
		if len(names) != len(parts) {
			continue
		}
		values := map[string]string{}
		fits := true
		for i, name := range names {
			if strings.HasPrefix(name, "{") {
				values[strings.Trim(name, "{}")] = parts[i]
				fits = fits && parts[i] != ""
			} else {
				fits = fits && name == parts[i]
			}
		}
		if fits && (!ok || len(values) < len(params)) {
			path, params, ok = candidate, values, true
		}
	}
	return path, params, ok
}

func ofTheAPI(path string) bool {
	return path == "/openapi.yaml" || path == "/docs" || slices.ContainsFunc(
		[]string{"/oauth", "/oauth2", "/v1", "/sandbox"},
		func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

// judged tells whether the body is JSON by description, not just some file.
func judged(response *openapi3.Response, header http.Header) bool {
	return response.Content["application/json"] != nil && strings.HasPrefix(header.Get("Content-Type"), "application/json")
}

func excerpt(body []byte) string {
	const most = 2000
	if len(body) > most {
		return string(body[:most]) + "…"
	}
	return string(body)
}
