package idnow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// maxContract bounds a contract, which is read whole.
const maxContract = 10 << 20

// define makes sure that the account knows a document by the contract's
// identifier (providers.md §1.9). It is optional there: whoever has none of it to
// sign is not held up.
func (a *account) define(ctx context.Context, c provider.Contract) error {
	var known struct{}
	err := a.call(ctx, request{method: http.MethodGet, path: "/documentdefinitions/" + url.PathEscape(c.Identifier)}, &known)
	if !kyc.IsKind(err, kyc.NotFound) {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"name": c.Identifier, "identifier": c.Identifier, "mimeType": "application/pdf", "optional": true,
	})
	if err != nil {
		return err
	}
	return a.call(ctx, request{method: http.MethodPost, path: "/documentdefinitions", body: body}, nil)
}

// upload gives the session a contract and says where its signatures stand. What
// lies there already is left alone: a session that has begun takes nothing more.
func (a *account) upload(ctx context.Context, identification string, c provider.Contract) error {
	data, err := readContract(c)
	if err != nil {
		return err
	}
	path := "/identifications/" + url.PathEscape(identification) + "/documents/" + url.PathEscape(c.Identifier)
	there, err := a.digestOf(ctx, path)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); there == hex.EncodeToString(sum[:]) {
		return nil
	}
	if len(c.Places) > 0 {
		body, err := json.Marshal(map[string]any{"signatures": signatures(c.Places)})
		if err != nil {
			return err
		}
		if err := a.call(ctx, request{method: http.MethodPost, path: path, body: body}, nil); err != nil {
			return err
		}
	}
	return a.call(ctx, request{method: http.MethodPost, path: path + "/data", body: data, octets: true}, nil)
}

// signatures is the firm's form of the places.
func signatures(places []provider.SignaturePlace) map[string]any {
	all := map[string]any{}
	for _, p := range places {
		all[p.Name] = map[string]any{"position": map[string]any{
			"page": p.Page, "left": p.Left, "bottom": p.Bottom, "width": p.Width, "height": p.Height,
		}}
	}
	return all
}

// digestOf is the SHA-256 of the document at the path, in hex, if it has come.
// The firm's example wraps the answer into a list.
func (a *account) digestOf(ctx context.Context, path string) (string, error) {
	var raw json.RawMessage
	if err := a.call(ctx, request{method: http.MethodGet, path: path}, &raw); err != nil {
		return "", err
	}
	type instance struct {
		Hash *string `json:"hash"`
	}
	var list []instance
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		raw = append(append([]byte("["), raw...), ']')
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list) != 1 {
		return "", garbage(errors.New("the answer about a document is not the JSON that was expected"))
	}
	if list[0].Hash == nil {
		return "", nil
	}
	return *list[0].Hash, nil
}

func readContract(c provider.Contract) (data []byte, err error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(r, maxContract+1)); err != nil {
		return nil, err
	}
	if len(data) > maxContract {
		return nil, fmt.Errorf("idnow: a contract has more than %d bytes", maxContract)
	}
	return data, nil
}
