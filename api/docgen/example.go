package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// show writes an example as JSON, keys in the order of the schema.
func show(value any, s *openapi3.Schema) string {
	switch v := value.(type) {
	case map[string]any:
		var lines []string
		for _, key := range order(v, s) {
			lines = append(lines, fmt.Sprintf("%q: %s", key, show(v[key], property(s, key))))
		}
		return block("{", lines, "}")
	case []any:
		var lines []string
		for _, item := range v {
			lines = append(lines, show(item, items(s)))
		}
		return block("[", lines, "]")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// block sets members on lines of their own, short lists of plain values on one.
func block(open string, members []string, end string) string {
	joined := strings.Join(members, ", ")
	if len(members) == 0 || open == "[" && len(joined) < 60 && !strings.Contains(joined, "{") {
		return open + joined + end
	}
	return open + "\n  " + strings.ReplaceAll(strings.Join(members, ",\n"), "\n", "\n  ") + "\n" + end
}

func order(value map[string]any, s *openapi3.Schema) []string {
	line := func(key string) int {
		if s != nil && s.Properties[key] != nil {
			return lineOf(s.Properties[key])
		}
		return 1 << 30
	}
	return slices.SortedFunc(maps.Keys(value), func(a, b string) int {
		if d := line(a) - line(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

func property(s *openapi3.Schema, key string) *openapi3.Schema {
	if s == nil || s.Properties[key] == nil {
		return nil
	}
	return s.Properties[key].Value
}

func items(s *openapi3.Schema) *openapi3.Schema {
	if s == nil || s.Items == nil {
		return nil
	}
	return s.Items.Value
}

// form writes an example as the body of a form.
func form(value any) string {
	fields, _ := value.(map[string]any)
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		pairs = append(pairs, fmt.Sprintf("%s=%v", key, fields[key]))
	}
	return strings.Join(pairs, "&")
}

// parts writes an example as curl is told the parts of a form.
func parts(value any) string {
	fields, _ := value.(map[string]any)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		lines = append(lines, fmt.Sprintf("-F %s=%v", key, fields[key]))
	}
	return strings.Join(lines, "\n")
}
