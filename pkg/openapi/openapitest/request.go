package openapitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkRequest holds a request that was served to what the document asks of one.
func (c *Contract) checkRequest(op node, x Exchange, say sayer) {
	if !c.allowed(op, x.Header) {
		say("it was served without a credential that the document asks for")
	}
	_, raw, _ := strings.Cut(x.Target, "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		say("its query cannot be read: %v", err)
		return
	}
	c.checkParameters(op, query, x.Header, say)
	c.checkBody(c.get(op, "requestBody"), x, say)
}

// checkParameters looks at what is documented. An operation that documents no query ignores one.
func (c *Contract) checkParameters(op node, query url.Values, h http.Header, say sayer) {
	known := map[string]bool{}
	for _, p := range c.each(c.get(op, "parameters")) {
		name := c.get(p, "name").text()
		var value string
		switch c.get(p, "in").text() {
		case "path":
			continue // it is there, or the path would be another
		case "query":
			known[name] = true
			value = query.Get(name)
		case "header":
			value = h.Get(name)
		}
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
	for name := range query {
		if len(known) > 0 && !known[name] {
			say("it was served with the parameter %s, which is not documented", name)
		}
	}
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
	if media == "application/x-www-form-urlencoded" {
		wrong = c.wrongForm(schema, x.Body)
	} else {
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
func (c *Contract) allowed(op node, h http.Header) bool {
	ways := c.get(op, "security").list()
	if len(ways) == 0 {
		return true
	}
	for _, way := range ways {
		met := true
		for name := range (node{v: way}).members() {
			scheme := c.follow("#/components/securitySchemes/" + name)
			header := c.get(scheme, "name").text()
			if c.get(scheme, "type").text() == "http" {
				header = "Authorization"
			}
			met = met && h.Get(header) != ""
		}
		if met {
			return true
		}
	}
	return false
}
