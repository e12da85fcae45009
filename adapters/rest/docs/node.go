package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxRefs bounds how many references are followed to reach one value, so that a circle ends.
const maxRefs = 16

// node is a value of a document, in the order it was written. The zero node is nothing, and asking
// it for anything answers nothing.
type node struct {
	value, root *yaml.Node
}

// readNode reads a document whose top is an object.
func readNode(text []byte) (node, error) {
	var top yaml.Node
	if err := yaml.Unmarshal(text, &top); err != nil {
		return node{}, err
	}
	if len(top.Content) != 1 || top.Content[0].Kind != yaml.MappingNode {
		return node{}, errors.New("the document is no object")
	}
	return node{top.Content[0], top.Content[0]}, nil
}

func (n node) exists() bool { return n.value != nil }

// at goes down by names and follows references on the way.
func (n node) at(names ...string) node {
	for _, name := range names {
		n = n.follow().member(name)
	}
	return n
}

func (n node) member(name string) node {
	if n.value == nil || n.value.Kind != yaml.MappingNode {
		return node{}
	}
	for i := 0; i+1 < len(n.value.Content); i += 2 {
		if n.value.Content[i].Value == name {
			return node{n.value.Content[i+1], n.root}
		}
	}
	return node{}
}

// ref is where a reference points, "" for any other value.
func (n node) ref() string { return n.member("$ref").text() }

// follow answers what a reference points to; any other value is itself.
func (n node) follow() node {
	for range maxRefs {
		target, found := strings.CutPrefix(n.ref(), "#/")
		if !found {
			return n
		}
		next := node{n.root, n.root}
		for name := range strings.SplitSeq(target, "/") {
			next = next.member(strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
		}
		n = next
	}
	return node{}
}

// text is a scalar as it is written.
func (n node) text() string {
	if n.value == nil || n.value.Kind != yaml.ScalarNode {
		return ""
	}
	return n.value.Value
}

func (n node) isTrue() bool { return n.text() == "true" }

// pair is a member of an object.
type pair struct {
	key string
	node
}

// pairs lists the members of an object in order.
func (n node) pairs() (out []pair) {
	n = n.follow()
	if n.value == nil || n.value.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.value.Content); i += 2 {
		out = append(out, pair{n.value.Content[i].Value, node{n.value.Content[i+1], n.root}})
	}
	return out
}

// items lists the elements of an array.
func (n node) items() (out []node) {
	n = n.follow()
	if n.value == nil || n.value.Kind != yaml.SequenceNode {
		return nil
	}
	for _, v := range n.value.Content {
		out = append(out, node{v, n.root})
	}
	return out
}

// texts lists the elements of an array of scalars.
func (n node) texts() (out []string) {
	for _, v := range n.items() {
		out = append(out, v.text())
	}
	return out
}

// json prints the value as JSON, members in order, indented by two spaces. References stay.
func (n node) json() ([]byte, error) {
	var b, indented bytes.Buffer
	if err := writeJSON(&b, n.value); err != nil {
		return nil, err
	}
	if err := json.Indent(&indented, b.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	return indented.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, v *yaml.Node) error {
	switch v.Kind {
	case yaml.MappingNode, yaml.SequenceNode:
		return writeComposite(b, v)
	case yaml.ScalarNode:
		var value any
		if err := v.Decode(&value); err != nil {
			return err
		}
		var scalar bytes.Buffer
		e := json.NewEncoder(&scalar)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			return err
		}
		b.Write(bytes.TrimSuffix(scalar.Bytes(), []byte("\n")))
		return nil
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return fmt.Errorf("line %d: a document has no aliases", v.Line)
}

func writeComposite(b *bytes.Buffer, v *yaml.Node) error {
	isObject := v.Kind == yaml.MappingNode
	open, end := byte('['), byte(']')
	if isObject {
		open, end = '{', '}'
	}
	b.WriteByte(open)
	for i, element := range v.Content {
		switch {
		case isObject && i%2 == 1:
			b.WriteByte(':')
		case i > 0:
			b.WriteByte(',')
		}
		if isObject && i%2 == 0 { // a name is text, whatever it looks like
			name, err := json.Marshal(element.Value)
			if err != nil {
				return err
			}
			b.Write(name)
			continue
		}
		if err := writeJSON(b, element); err != nil {
			return err
		}
	}
	b.WriteByte(end)
	return nil
}
