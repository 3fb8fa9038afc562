package openapitest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const base = "mem:///openapi.json"

// node is a place in the document.
type node struct {
	at string // as a JSON pointer (RFC 6901)
	v  any
}

// Contract is a document that traffic can be checked with. It is safe for concurrent use; each
// schema is compiled once, when it is first needed.
type Contract struct {
	root  map[string]any
	paths []string

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
}

// New reads a document in JSON.
func New(document []byte) (*Contract, error) {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(document)))
	if err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("openapitest: the document is no object")
	}
	c := &Contract{root: root, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(base, root); err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	for path := range c.get(node{v: root}, "paths").members() {
		c.paths = append(c.paths, path)
	}
	return c, nil
}

// get returns a member, through a reference if it is one; what is not there has no value.
func (c *Contract) get(n node, names ...string) node {
	for _, name := range names {
		n = node{n.at + "/" + escaper.Replace(name), n.members()[name]}
		if ref, ok := n.members()["$ref"].(string); ok {
			n = c.follow(ref)
		}
	}
	return n
}

func (c *Contract) follow(ref string) node {
	n := node{v: c.root}
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		n = node{n.at + "/" + name, n.members()[unescaper.Replace(name)]}
	}
	return n
}

func (n node) there() bool { return n.v != nil }

func (n node) members() map[string]any {
	m, _ := n.v.(map[string]any)
	return m
}

func (n node) list() []any {
	l, _ := n.v.([]any)
	return l
}

func (n node) text() string {
	s, _ := n.v.(string)
	return s
}

// A pointer escapes two characters in a name.
var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
	// encoder makes the fragment of a URL of a pointer.
	encoder = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")
)

// validate checks a value against the schema at a place and returns what is wrong, in words.
func (c *Contract) validate(schema node, v any) string {
	s, err := c.compiled(schema.at)
	if err == nil {
		err = s.Validate(v)
	}
	if err == nil {
		return ""
	}
	_, what, _ := strings.Cut(err.Error(), "\n") // the first line names the schema
	if what == "" {
		what = err.Error()
	}
	return what
}

func (c *Contract) compiled(at string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.schemas[at]; ok {
		return s, nil
	}
	s, err := c.compiler.Compile(base + "#" + encoder.Replace(at))
	if err == nil {
		c.schemas[at] = s
	}
	return s, err
}
