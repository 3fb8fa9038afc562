package openapitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkRequest holds a request that was served to what the document asks of one.
func (c *Contract) checkRequest(op node, x Exchange, say sayer) {
	_, raw, _ := strings.Cut(x.Target, "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		say("its query cannot be read: %v", err)
		return
	}
	sent := carried{query: query, header: x.Header}
	if !c.allowed(op, sent) {
		say("it was served without a credential that the document asks for")
	}
	c.checkParameters(op, sent, say)
	c.checkBody(c.get(op, "requestBody"), x, say)
}

// carried is where a request carries parameters and credentials.
type carried struct {
	query  url.Values
	header http.Header
}

// value returns what stands somewhere, as OpenAPI names places; a path is another's to read.
func (q carried) value(in, name string) string {
	switch in {
	case "query":
		return q.query.Get(name)
	case "header":
		return q.header.Get(name)
	case "cookie":
		for _, c := range (&http.Request{Header: q.header}).CookiesNamed(name) {
			return c.Value
		}
	}
	return ""
}

// checkParameters looks at what is documented. An operation that documents no query ignores one.
func (c *Contract) checkParameters(op node, sent carried, say sayer) {
	known := c.credentials(op)
	documented := false
	for _, p := range c.each(c.get(op, "parameters")) {
		name, in := c.get(p, "name").text(), c.get(p, "in").text()
		if in == "path" {
			continue // it is there, or the path would be another
		}
		if in == "query" {
			known[name], documented = true, true
		}
		value := sent.value(in, name)
		if value == "" {
			if p.members()["required"] == true {
				say("it was served without the parameter %s", name)
			}
			continue
		}
		schema := c.get(p, "schema")
		if wrong := c.validate(schema, c.typed(schema, value)); wrong != "" {
			say("it was served with the parameter %s=%q: %s", name, value, wrong)
		}
	}
	for name := range sent.query {
		if documented && !known[name] {
			say("it was served with the parameter %s, which is not documented", name)
		}
	}
}

// credentials returns the parameters of a query that carry a credential of an operation.
func (c *Contract) credentials(op node) map[string]bool {
	names := map[string]bool{}
	for _, way := range c.get(op, "security").list() {
		for name := range (node{v: way}).members() {
			if scheme := c.scheme(name); c.get(scheme, "in").text() == "query" {
				for _, parameter := range c.names(scheme) {
					names[parameter] = true
				}
			}
		}
	}
	return names
}

func (c *Contract) scheme(name string) node { return c.follow("#/components/securitySchemes/" + name) }

// names returns what a credential is called where it stands: by its name, or by another that an
// extension of ours gives it.
func (c *Contract) names(scheme node) []string {
	if c.get(scheme, "type").text() == "http" {
		return []string{"Authorization"}
	}
	names := []string{c.get(scheme, "name").text()}
	for _, other := range c.each(c.get(scheme, "x-also-named")) {
		names = append(names, other.text())
	}
	return names
}

// each returns the elements of a list, through references.
func (c *Contract) each(list node) []node {
	var out []node
	for i, v := range list.list() {
		n := node{list.at + "/" + strconv.Itoa(i), v}
		if ref, ok := n.members()["$ref"].(string); ok {
			n = c.follow(ref)
		}
		out = append(out, n)
	}
	return out
}

func (c *Contract) checkBody(body node, x Exchange, say sayer) {
	if x.Body == "" {
		if body.members()["required"] == true {
			say("it was served without a body")
		}
		return
	}
	media := mediaType(x.Header)
	described := c.get(body, "content", media)
	if !described.there() {
		say("it was served with a body of type %q, which is not documented", media)
		return
	}
	schema := c.get(described, "schema")
	var wrong string
	switch {
	case strings.HasPrefix(media, "multipart/"): // files are the handler's to look at
	case media == "application/x-www-form-urlencoded":
		wrong = c.wrongForm(schema, x.Body)
	default:
		wrong = c.wrongJSON(schema, x.Body)
	}
	if wrong != "" {
		say("it was served, and its body is wrong: %s\nin %s", wrong, short(x.Body))
	}
}

func (c *Contract) wrongJSON(schema node, text string) string {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err.Error()
	}
	return c.validate(schema, v)
}

func (c *Contract) wrongForm(schema node, text string) string {
	values, err := url.ParseQuery(text)
	if err != nil {
		return err.Error()
	}
	fields := map[string]any{}
	for name := range values {
		fields[name] = values.Get(name)
	}
	return c.validate(schema, fields)
}

// typed makes of text what its schema wants to look at.
func (c *Contract) typed(schema node, text string) any {
	if _, err := strconv.ParseInt(text, 10, 64); err == nil && c.get(schema, "type").text() == "integer" {
		return json.Number(text)
	}
	return text
}

// allowed reports whether a request carries the credentials of one of the ways in. That they are
// good is the service's to say.
func (c *Contract) allowed(op node, sent carried) bool {
	ways := c.get(op, "security").list()
	if len(ways) == 0 {
		return true
	}
	for _, way := range ways {
		met := true
		for name := range (node{v: way}).members() {
			met = met && c.carries(sent, c.scheme(name))
		}
		if met {
			return true
		}
	}
	return false
}

func (c *Contract) carries(sent carried, scheme node) bool {
	in := c.get(scheme, "in").text()
	if c.get(scheme, "type").text() == "http" {
		in = "header"
	}
	return slices.ContainsFunc(c.names(scheme), func(name string) bool { return sent.value(in, name) != "" })
}
