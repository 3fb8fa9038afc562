package openapitest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// Table is what a dialect registers.
type Table struct {
	Routes []httpkit.Route
	// Public are routes that are registered by other means and take no credential, as
	// "GET /path".
	Public []string
	// Pending are routes that are documented and not registered yet.
	Pending []string
}

// Routes fails a test for everything that a document and a dialect's routes disagree on: which
// there are, who may call them, and which are limited.
func Routes(t testing.TB, document []byte, table Table) {
	t.Helper()
	c, err := New(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range c.Disagreements(table) {
		t.Error(complaint)
	}
}

// Disagreements is Routes for those who want to look at what it finds.
func (c *Contract) Disagreements(table Table) []string {
	operations := c.operations()
	var out []string
	for _, r := range table.Routes {
		name := r.Method + " " + template(r.Path)
		op, ok := operations[name]
		if delete(operations, name); !ok {
			out = append(out, name+" is registered and not documented")
			continue
		}
		out = append(out, c.checkOperation(name, op, ways(r.Access), r.Limit.Limit > 0)...)
	}
	for _, name := range table.Public {
		op, ok := operations[name]
		if delete(operations, name); !ok {
			out = append(out, name+" is registered and not documented")
			continue
		}
		out = append(out, c.checkOperation(name, op, nil, c.limited(op))...)
	}
	for _, name := range table.Pending {
		if _, ok := operations[name]; !ok {
			out = append(out, name+" is said to be pending, and it is registered or not documented")
		}
		delete(operations, name)
	}
	for name := range operations {
		out = append(out, name+" is documented and not registered")
	}
	slices.Sort(out)
	return out
}

func (c *Contract) operations() map[string]node {
	out := map[string]node{}
	for _, path := range c.paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if op := c.get(node{v: c.root}, "paths", path, strings.ToLower(method)); op.there() {
				out[method+" "+path] = op
			}
		}
	}
	return out
}

func (c *Contract) checkOperation(name string, op node, want []string, limited bool) []string {
	var out []string
	security := c.get(op, "security")
	if !security.there() {
		out = append(out, name+" does not say who may call it")
	}
	var got []string
	for _, way := range security.list() {
		got = append(got, spell(node{v: way}))
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		out = append(out, fmt.Sprintf("%s is documented for %q, and it takes %q", name, got, want))
	}
	if c.limited(op) != limited {
		out = append(out, fmt.Sprintf("%s: limited is %v, and documented as %v", name, limited, c.limited(op)))
	}
	return out
}

// limited reports whether an operation says that it is limited: in its refusal, and in the
// headers of each success. One without the other is neither.
func (c *Contract) limited(op node) bool {
	refusal := c.get(op, "responses", "429").there()
	for status := range c.get(op, "responses").members() {
		if strings.HasPrefix(status, "2") && c.get(op, "responses", status, "headers", "X-RateLimit-Limit").there() != refusal {
			return !refusal
		}
	}
	return refusal
}

// ways are the security requirements that an access stands for. What is Unchecked is asked for
// all the same.
func ways(a httpkit.Access) []string {
	var out []string
	if a.Public {
		out = append(out, "", "apiKey()")
	}
	if a.Key {
		out = append(out, "apiKey()")
	}
	if a.Scope != "" {
		out = append(out, "apiKey("+a.Scope+")")
	}
	if a.Bridge {
		out = append(out, "bridgeSecret()")
	}
	role := ""
	if a.Admin {
		role = "admin"
	}
	if a.Bearer || a.Admin && !a.SessionID {
		out = append(out, "bearer("+role+")")
	}
	if a.SessionID {
		out = append(out, "sessionId("+role+")", "sessionIdQuery("+role+")", "sessionIdCookie("+role+")")
	}
	if a.Cookie != "" {
		out = append(out, "arguflowCookie("+role+")")
	}
	return out
}

// spell writes a security requirement as ways does.
func spell(way node) string {
	var parts []string
	for name, scopes := range way.members() {
		var list []string
		for _, s := range (node{v: scopes}).list() {
			list = append(list, fmt.Sprint(s))
		}
		parts = append(parts, name+"("+strings.Join(list, " ")+")")
	}
	slices.Sort(parts)
	return strings.Join(parts, "+")
}

// template writes a path with parameters as OpenAPI does.
func template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
