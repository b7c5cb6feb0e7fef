// Command docgen makes docs.html, the page for people, of openapi.yaml. It runs
// in the folder of both, by go generate, so that no server needs a reader for YAML.
package main

import (
	"bytes"
	_ "embed" // for the template
	"fmt"
	"html/template"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed page.tmpl
var page string

func main() {
	if err := run("openapi.yaml", "docs.html"); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // lines give the order, which maps forget
	doc, err := loader.LoadFromFile(from)
	if err != nil {
		return err
	}
	tmpl, err := template.New("page").Funcs(template.FuncMap{"text": text}).Parse(page)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, read(doc)); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}

// What the template shows.
type (
	reference struct {
		Title, Version, Description string
		Groups                      []group
		Schemas                     []schema
	}
	group struct {
		Name, Description string
		Operations        []operation
	}
	operation struct {
		ID, Method, Path, Summary, Description string
		Deprecated, Open                       bool
		Parameters                             []parameter
		RequestSchemas                         []string
		RequestExample                         string
		Responses                              []response
		line                                   int
	}
	parameter struct {
		Name, In, Type, Description string
		Required                    bool
	}
	response struct {
		Status, Description, Example string
		Schemas                      []string
		Headers                      []parameter
	}
	schema struct {
		Name, Description, Type string
		Fields                  []field
		Values                  []string
		line                    int
	}
	field struct {
		Name, Description string
		Type              fieldType
		Required          bool
		line              int
	}
	fieldType struct{ Text, Link string }
)

func read(doc *openapi3.T) reference {
	ref := reference{Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description}
	byTag := map[string][]operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o := readOperation(method, path, item, op)
			byTag[op.Tags[0]] = append(byTag[op.Tags[0]], o)
			byTag[op.Tags[0]] = append(byTag[op.Tags[0]], readCallbacks(op)...)
		}
	}
	for _, tag := range doc.Tags {
		operations := byTag[tag.Name]
		slices.SortFunc(operations, func(a, b operation) int { return a.line - b.line })
		ref.Groups = append(ref.Groups, group{tag.Name, tag.Description, operations})
	}
	for name, s := range doc.Components.Schemas {
		ref.Schemas = append(ref.Schemas, readSchema(name, s))
	}
	slices.SortFunc(ref.Schemas, func(a, b schema) int { return a.line - b.line })
	return ref
}

func readOperation(method, path string, item *openapi3.PathItem, op *openapi3.Operation) operation {
	o := operation{
		ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Description: op.Description,
		Deprecated: op.Deprecated, Open: op.Security != nil && len(*op.Security) == 0, line: op.Origin.Key.Line,
	}
	for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
		o.Parameters = append(o.Parameters, parameter{
			p.Value.Name, p.Value.In, typeOf(p.Value.Schema).Text, p.Value.Description, p.Value.Required,
		})
	}
	if op.RequestBody != nil {
		o.RequestSchemas, o.RequestExample = readContent(op.RequestBody.Value.Content)
	}
	for status, r := range op.Responses.Map() {
		if status == "default" {
			status = "other"
		}
		answer := response{Status: status, Description: *r.Value.Description}
		answer.Schemas, answer.Example = readContent(r.Value.Content)
		if status < "4" {
			answer.Headers = readHeaders(r.Value.Headers)
		}
		o.Responses = append(o.Responses, answer)
	}
	slices.SortFunc(o.Responses, func(a, b response) int { return strings.Compare(a.Status, b.Status) })
	return o
}

// readCallbacks reads what the server sends to the partner, as further operations.
func readCallbacks(op *openapi3.Operation) []operation {
	var list []operation
	for _, callback := range op.Callbacks {
		for _, item := range callback.Value.Map() {
			for method, sent := range item.Operations() {
				list = append(list, readOperation(method, "your URL", item, sent))
			}
		}
	}
	return list
}

func readHeaders(headers openapi3.Headers) []parameter {
	var list []parameter
	for name, h := range headers {
		list = append(list, parameter{Name: name, Type: typeOf(h.Value.Schema).Text, Description: h.Value.Description})
	}
	slices.SortFunc(list, func(a, b parameter) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// readContent names the schemas of a body and shows its example, if it has one.
func readContent(content openapi3.Content) (schemas []string, example string) {
	for _, mime := range slices.Sorted(maps.Keys(content)) {
		media := content[mime]
		for _, name := range namesIn(media.Schema) {
			if !slices.Contains(schemas, name) {
				schemas = append(schemas, name)
			}
		}
		value := media.Example
		for _, e := range media.Examples {
			value = e.Value.Value
		}
		if value == nil {
			continue
		}
		example = show(value, media.Schema.Value)
		switch {
		case mime == "multipart/form-data":
			example = parts(value)
		case strings.Contains(mime, "form"):
			example = form(value)
		}
	}
	return schemas, example
}

func namesIn(s *openapi3.SchemaRef) []string {
	switch {
	case s == nil:
		return nil
	case s.Ref != "":
		return []string{nameOf(s.Ref)}
	case s.Value.Items != nil:
		return namesIn(s.Value.Items)
	}
	var names []string
	for _, one := range s.Value.AnyOf {
		names = append(names, namesIn(one)...)
	}
	return names
}

func readSchema(name string, ref *openapi3.SchemaRef) schema {
	s := schema{Name: name, Description: ref.Value.Description, Type: typeOf(&openapi3.SchemaRef{Value: ref.Value}).Text, line: lineOf(ref)}
	s.Values = values(ref.Value)
	for key, property := range ref.Value.Properties {
		f := field{Name: key, Type: typeOf(property), Required: slices.Contains(ref.Value.Required, key), line: lineOf(property)}
		if property.Ref == "" {
			f.Description = property.Value.Description
			if list := values(property.Value); len(list) > 0 {
				f.Description = strings.TrimSpace(f.Description + " One of `" + strings.Join(list, "`, `") + "`.")
			}
		}
		s.Fields = append(s.Fields, f)
	}
	slices.SortFunc(s.Fields, func(a, b field) int { return a.line - b.line })
	return s
}

func lineOf(s *openapi3.SchemaRef) int {
	if s.Origin != nil && s.Origin.Key != nil {
		return s.Origin.Key.Line
	}
	return s.Value.Origin.Key.Line
}

func typeOf(ref *openapi3.SchemaRef) fieldType {
	if ref == nil {
		return fieldType{}
	}
	if ref.Ref != "" {
		return fieldType{nameOf(ref.Ref), nameOf(ref.Ref)}
	}
	s := ref.Value
	kind := fieldType{Text: strings.Join(s.Type.Slice(), " or ")}
	if s.Items != nil {
		item := typeOf(s.Items)
		kind = fieldType{"list of " + item.Text, item.Link}
	}
	if s.Format != "" && s.Format != "int64" {
		kind.Text += " (" + s.Format + ")"
	}
	if s.Pattern != "" {
		kind.Text += " " + s.Pattern
	}
	if s.MaxLength != nil {
		kind.Text += fmt.Sprintf(" up to %d", *s.MaxLength)
	}
	if s.Nullable {
		kind.Text += " or null"
	}
	return kind
}

func values(s *openapi3.Schema) []string {
	var list []string
	for _, v := range s.Enum {
		if v != nil {
			list = append(list, fmt.Sprint(v))
		}
	}
	return list
}

func nameOf(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

var code = regexp.MustCompile("`([^`]+)`")

// text turns a description into HTML: paragraphs, and `code`.
func text(s string) template.HTML {
	var out strings.Builder
	for _, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if paragraph != "" {
			out.WriteString("<p>" + code.ReplaceAllString(template.HTMLEscapeString(paragraph), "<code>$1</code>") + "</p>")
		}
	}
	return template.HTML(out.String())
}
