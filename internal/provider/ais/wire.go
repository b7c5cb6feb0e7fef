package ais

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Limits of what is sent and believed.
const (
	maxMessage = 120
	maxWord    = 255  // characters of an id of the firm's
	maxAddress = 2048 // characters of a URL
	maxDepth   = 24   // of members in members, and of values in a CMS
	maxNodes   = 20_000
)

// The profiles of a request (providers.md §2.2).
const (
	profile      = "http://ais.swisscom.ch/1.1"
	onDemand     = "http://ais.swisscom.ch/1.0/profiles/ondemandcertificate"
	asynchronous = "urn:oasis:names:tc:dss:1.0:profiles:asynchronousprocessing"
	redirecting  = "http://ais.swisscom.ch/1.1/profiles/redirect"
	batch        = "http://ais.swisscom.ch/1.0/profiles/batchprocessing"
	sha512Method = "http://www.w3.org/2001/04/xmlenc#sha512"
	typeCMS      = "urn:ietf:rfc:3369"
	typeStamp    = "urn:ietf:rfc:3161"
)

type object = map[string]any

// signRequest is the body of POST /sign.
func signRequest(o provider.SigningOrder, s subject, identity string) object {
	var hashes []object
	for _, d := range o.Documents {
		hashes = append(hashes, object{
			"@ID": d.ID, "dsig.DigestMethod": object{"@Algorithm": sha512Method}, "dsig.DigestValue": base64.StdEncoding.EncodeToString(d.SHA512),
		})
	}
	profiles := []string{onDemand, asynchronous, redirecting}
	if len(hashes) > 1 {
		profiles = append(profiles, batch)
	}
	language := "en"
	if strings.EqualFold(o.Language, "de") {
		language = "de"
	}
	return object{"SignRequest": object{
		"@Profile": profile, "@RequestID": o.ID,
		"InputDocuments": object{"DocumentHash": hashes},
		"OptionalInputs": object{
			"AddTimestamp": object{"@Type": typeStamp}, "AdditionalProfile": profiles, "ClaimedIdentity": object{"Name": identity},
			"SignatureType": typeCMS, "sc.AddRevocationInformation": object{"@Type": "PAdES"}, "sc.SignatureStandard": "PAdES",
			"sc.CertificateRequest": object{
				"sc.DistinguishedName": s.distinguishedName(),
				"sc.StepUpAuthorisation": object{"sc.Phone": object{
					"sc.Language": language, "sc.MSISDN": strings.TrimPrefix(o.Phone, "+"), "sc.Message": o.Message,
				}},
			},
		},
	}}
}

// pendingRequest is the body of POST /pending.
func pendingRequest(response, identity string) object {
	return object{"async.PendingRequest": object{
		"@Profile": profile, "OptionalInputs": object{"ClaimedIdentity": object{"Name": identity}, "async.ResponseID": response},
	}}
}

// answer is a SignResponse.
type answer struct {
	node
	major, minor, message string
}

// readAnswer reads the firm's answer. What is no text where one should be is
// garbage, and so is a result without a major that we know.
func readAnswer(body []byte) (answer, error) {
	root, err := readNode(body)
	if err != nil {
		return answer{}, garbage(err)
	}
	responses := root.all("SignResponse")
	if len(responses) != 1 {
		return answer{}, garbage(errors.New("the answer has no SignResponse"))
	}
	a := answer{node: responses[0]}
	var ok [3]bool
	a.major, ok[0] = a.text("Result", "ResultMajor")
	a.minor, ok[1] = a.text("Result", "ResultMinor")
	a.message, ok[2] = a.text("Result", "ResultMessage", "$") // an object with its language
	if a.message == "" {
		if plain, fits := a.text("Result", "ResultMessage"); fits {
			a.message, ok[2] = plain, true
		}
	}
	for _, known := range []string{majorSuccess, majorPending, majorRequester, majorResponder, majorSubsystem} {
		if a.major == known && ok[1] && ok[2] {
			return a, nil
		}
	}
	return answer{}, garbage(errors.New("the answer has no result that is known"))
}

func (a answer) pending() bool { return a.major == majorPending }
func (a answer) success() bool { return a.major == majorSuccess }

func (a answer) requestID() string {
	id, _ := a.text("@RequestID")
	return id
}

// responseID is what to ask with next.
func (a answer) responseID() (string, bool) {
	id, ok := a.text("OptionalOutputs", "async.ResponseID")
	return id, ok && id != "" && kyc.CheckText(id, maxWord) == ""
}

// consentURL is where the customer consents; empty if it is not known yet,
// false if it is nothing that a customer may be sent to.
func (a answer) consentURL() (string, bool) {
	raw, ok := a.text("OptionalOutputs", "sc.StepUpAuthorisationInfo", "sc.Result", "sc.ConsentURL")
	return raw, ok && (raw == "" || goodURL(raw))
}

// node is a value of the service's JSON, which was made of XML: a list of one
// may be in no list, and a key may come twice. So a member is a list always.
type node struct {
	value   string
	isText  bool
	members map[string][]node
}

var errJSON = errors.New("the answer is not the JSON that was expected")

func readNode(data []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	left := maxNodes
	all, err := readValue(d, 0, &left)
	if err != nil || len(all) != 1 {
		return node{}, errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, errJSON
	}
	return all[0], nil
}

// readValue reads a value, or the values of a list. left is how many there may
// be still: small ones take much more room here than on the wire.
func readValue(d *json.Decoder, depth int, left *int) ([]node, error) {
	t, err := d.Token()
	if *left--; err != nil || depth > maxDepth || *left < 0 {
		return nil, errJSON
	}
	switch t {
	case json.Delim('['):
		all := []node{}
		for d.More() {
			more, err := readValue(d, depth+1, left)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		}
		_, err := d.Token()
		return all, err
	case json.Delim('{'):
		n := node{members: map[string][]node{}}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, errJSON
			}
			name, _ := key.(string)
			values, err := readValue(d, depth+1, left)
			if err != nil {
				return nil, err
			}
			n.members[name] = append(n.members[name], values...)
		}
		_, err := d.Token()
		return []node{n}, err
	case nil:
		return nil, nil
	}
	text, ok := t.(string)
	return []node{{value: text, isText: ok}}, nil
}

// all lists what lies at the end of a path.
func (n node) all(path ...string) []node {
	found := []node{n}
	for _, name := range path {
		var next []node
		for _, f := range found {
			next = append(next, f.members[name]...)
		}
		found = next
	}
	return found
}

// text is the one text at the end of a path, empty if there is none; false if
// something else lies there.
func (n node) text(path ...string) (string, bool) {
	switch found := n.all(path...); len(found) {
	case 0:
		return "", true
	case 1:
		return found[0].value, found[0].isText
	}
	return "", false
}

// values are the bytes at the end of a path, which are in Base64.
func (n node) values(path ...string) ([][]byte, error) {
	var all [][]byte
	for _, f := range n.all(path...) {
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(f.value), ""))
		if err != nil || !f.isText || len(b) == 0 {
			return nil, errors.New("a value is no Base64")
		}
		all = append(all, b)
	}
	return all, nil
}
