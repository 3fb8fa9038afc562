package httpkit

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// Spellings are the names by which a dialect's documents call the members of a request, where
// they call one by several, and which of its members are read past.
type Spellings struct {
	// Same gives, for each other spelling, the one that the request's type has.
	Same map[string]string
	// Services gives, for each spelling of the request's type, what services call the field in
	// their faults, where that is another name.
	Services map[string]string
	// Ignored are members that clients may send and that change nothing.
	Ignored []string
}

// Spelled is JSON for a body with Spellings. Faults name the members as the caller spelled them.
func Spelled[Q any](names Spellings, h func(*Call, Q) (Reply, error)) Handler {
	return func(c *Call) (Reply, error) {
		body, err := object(c)
		if err != nil {
			return Reply{}, err
		}
		return spelled(c, names, body, h)
	}
}

// OptionalSpelled is Spelled for a body that may be left out.
func OptionalSpelled[Q any](names Spellings, h func(*Call, Q) (Reply, error)) Handler {
	read := Spelled(names, h)
	return func(c *Call) (Reply, error) {
		if c.Request.ContentLength == 0 {
			var none Q
			return h(c, none)
		}
		return read(c)
	}
}

func object(c *Call) ([]byte, error) {
	if !isMediaType(c.Request, "application/json") {
		return nil, errMediaType
	}
	body, err := readBody(c.Request)
	if err == nil && (!isObject(body) || tooDeep(body)) {
		err = errNoObject
	}
	return body, err
}

func spelled[Q any](c *Call, names Spellings, body []byte, h func(*Call, Q) (Reply, error)) (Reply, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err != nil {
		return Reply{}, jsonFault(err)
	}
	given := map[string]string{} // what the caller called each member
	canonical := make(map[string]jsontext.Value, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) { // of two bad ones it is always the same that is named
		value := members[name]
		if slices.Contains(names.Ignored, name) {
			continue
		}
		own := name
		if other, ok := names.Same[name]; ok {
			own = other
		}
		if before, twice := canonical[own]; twice && !same(before, value) {
			return Reply{}, fault.InvalidField(member(jsontext.Pointer(own)), "duplicate_field", "the field is given in two spellings with two values")
		}
		canonical[own], given[own] = value, name
	}
	again, err := json.Marshal(canonical, json.Deterministic(true))
	if err != nil {
		return Reply{}, errSyntax
	}
	var q Q
	if err := json.Unmarshal(again, &q, json.RejectUnknownMembers(true)); err != nil {
		return Reply{}, names.respell(given, jsonFault(err))
	}
	reply, err := h(c, q)
	if err != nil {
		err = names.respell(given, err)
	}
	return reply, err
}

// same reports whether two values are one: clients send back what they have read, where answers
// have both spellings.
func same(a, b jsontext.Value) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	return a.Canonicalize() == nil && b.Canonicalize() == nil && slices.Equal(a, b)
}

// respell makes the fields of a fault those of the caller.
func (names Spellings) respell(given map[string]string, err error) error {
	f := fault.From(err)
	if len(f.Fields) == 0 {
		return err
	}
	out := f.With(err)
	out.Fields = slices.Clone(f.Fields)
	for i, field := range f.Fields {
		name := field.Field
		for own, service := range names.Services {
			if service == name {
				name = own
			}
		}
		if spelling, ok := given[name]; ok {
			name = spelling
		}
		out.Fields[i].Field = name
		if rest, ok := strings.CutPrefix(field.Message, field.Field+" "); ok {
			out.Fields[i].Message = name + " " + rest
		}
	}
	return out
}
