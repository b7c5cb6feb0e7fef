package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

var errInvalidJSON = kyc.Fail(kyc.Invalid, "invalid_json", "The body is not valid JSON.")

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// decode reads a JSON object. No body, an empty one and null are an empty
// object; numbers keep their digits.
func decode(c *call) (map[string]any, error) {
	b, err := body(c, maxBody)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return map[string]any{}, nil
	}
	if declared := c.Request.Header.Get("Content-Type"); declared != "" {
		if kind, _, err := mime.ParseMediaType(declared); err != nil || !isJSON(kind) {
			return nil, kyc.Fail(wrongMediaType, "unsupported_media_type", "Send the body as application/json.")
		}
	}
	if !utf8.Valid(b) {
		return nil, errInvalidJSON
	}
	if intricate(b) {
		return nil, errIntricate
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, errInvalidJSON
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errInvalidJSON
	}
	switch v := value.(type) {
	case nil:
		return map[string]any{}, nil
	case map[string]any:
		return v, nil
	}
	return nil, kyc.Fail(kyc.Invalid, "type_error", "The body must be a JSON object.")
}

// marshal writes JSON for clients, not for HTML: "=>" stays as it is.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func writeJSON(c *call, status int, v any) error {
	b, err := marshal(v)
	if err != nil {
		return err
	}
	return writeBytes(c, status, b)
}

var typeJSON = []string{"application/json"}

func writeBytes(c *call, status int, b []byte) error {
	c.Header()["Content-Type"] = typeJSON
	c.WriteHeader(status)
	_, _ = c.Write(b) // the client has gone; the deed is done
	return nil
}

// maxKey is the length of the longest Idempotency-Key.
const maxKey = 255

func notVisible(r rune) bool { return r < '!' || r > '~' }

// onceFor reads the Idempotency-Key of a POST. The hash covers the whole
// request: path and body.
func onceFor(c *call, render func(any) ([]byte, error)) (flow.Once, error) {
	key, err := idempotencyKey(c)
	if key == "" || err != nil {
		return flow.Once{}, err
	}
	b, err := body(c, maxBody)
	if err != nil {
		return flow.Once{}, err
	}
	hash := sha256.New()
	for _, part := range [][]byte{[]byte(c.Method), []byte(c.URL.Path), b} {
		hash.Write(part)
		hash.Write([]byte{0})
	}
	return flow.Once{Key: key, Hash: hash.Sum(nil), PersonID: c.PathValue("person_id"), Render: render}, nil
}

// onceAndBody reads what every POST that may be repeated begins with. render
// makes the answer of what the verb returns; status is that of the answer.
func onceAndBody(c *call, status int, render func(any) ([]byte, error)) (flow.Once, map[string]any, error) {
	once, err := onceFor(c, render)
	if err != nil {
		return once, nil, err
	}
	once.Status, once.Render = status, render
	in, err := decode(c)
	return once, in, err
}

// writeOnce answers with what the verb returned, or with what it answered before.
func writeOnce(c *call, once flow.Once, noun any, replay *kyc.Replay, err error) error {
	if err != nil {
		return err
	}
	if replay != nil {
		return writeReplay(c, replay)
	}
	b, err := once.Render(noun)
	if err != nil {
		return err
	}
	return writeBytes(c, once.Status, b)
}

// idempotencyKey is the request's key, empty if it has none.
func idempotencyKey(c *call) (string, error) {
	key := c.Request.Header.Get("Idempotency-Key")
	if len(key) > maxKey || strings.ContainsFunc(key, notVisible) {
		return "", kyc.Fail(kyc.Invalid, "validation_error", "Idempotency-Key must be 1 to 255 visible ASCII characters.")
	}
	return key, nil
}

// writeReplay answers with what was answered before.
func writeReplay(c *call, r *kyc.Replay) error {
	c.Header().Set("Idempotency-Hit", "true")
	return writeBytes(c, r.Status, r.Body)
}

// clip keeps foreign words in our own texts short and plain.
func clip(s string) string {
	if len(s) > 16 || strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return "sent"
	}
	return s
}
