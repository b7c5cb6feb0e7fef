package ais

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// node is a value of JSON as the service reads it, which thinks in XML: a list is the same member several times, one
// member of a list need not be in a list, and a key may come twice.
type node struct {
	text    string
	isText  bool
	members []member
}

type member struct {
	name string
	node node
}

var errJSON = errors.New("this is no JSON object of this call")

// maxDepth is how deep members may lie in each other.
const maxDepth = 32

// readNode reads a JSON object.
func readNode(data []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var top node
	if err := top.read(d, "", 0); err != nil {
		return node{}, errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || len(top.members) != 1 || top.members[0].node.members == nil {
		return node{}, errJSON
	}
	return top.members[0].node, nil
}

// read adds the next value, under the name; the members of a list one by one.
func (n *node) read(d *json.Decoder, name string, depth int) error {
	t, err := d.Token()
	if err != nil || depth > maxDepth {
		return errJSON
	}
	switch t {
	case json.Delim('['):
		for d.More() {
			if err := n.read(d, name, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	case json.Delim('{'):
		inner := node{members: []member{}}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return errJSON
			}
			text, _ := key.(string)
			if err := inner.read(d, text, depth+1); err != nil {
				return err
			}
		}
		n.members = append(n.members, member{name, inner})
		_, err = d.Token()
		return err
	}
	text, ok := t.(string)
	n.members = append(n.members, member{name, node{text: text, isText: ok}})
	return nil
}

// all lists what lies at the end of a path.
func (n node) all(path ...string) []node {
	found := []node{n}
	for _, name := range path {
		var next []node
		for _, f := range found {
			for _, m := range f.members {
				if m.name == name {
					next = append(next, m.node)
				}
			}
		}
		found = next
	}
	return found
}

// at is the text at the end of a path, "" if there is none, or more than one, or no text.
func (n node) at(path ...string) string {
	if found := n.all(path...); len(found) == 1 {
		return found[0].text
	}
	return ""
}

// texts are the texts at the end of a path.
func (n node) texts(path ...string) (all []string) {
	for _, f := range n.all(path...) {
		if f.isText {
			all = append(all, f.text)
		}
	}
	return all
}
