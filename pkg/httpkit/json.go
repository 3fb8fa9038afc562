package httpkit

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

const maxDepth = 16

// Errors of reading a request.
var (
	errMediaType = fault.New(fault.Unsupported, "unsupported_media_type", "send application/json in UTF-8, not encoded")
	errFormType  = fault.New(fault.Unsupported, "unsupported_media_type", "send application/x-www-form-urlencoded")
	errTooLarge  = fault.New(fault.TooLarge, "too_large", "the request body is larger than 64 KiB")
	errNoObject  = fault.New(fault.Invalid, "invalid_json", "the body must be one JSON object")
	errSyntax    = fault.New(fault.Invalid, "invalid_json", "the body is not valid JSON (RFC 8259, UTF-8, no member twice)")
)

// readJSON reads exactly one JSON object into v (RFC 7493): the media type says so, no
// member comes twice or under a name that v does not have to the letter, nothing follows it,
// it is UTF-8 and at most 16 levels deep.
func readJSON(r *http.Request, v any) error {
	if !isMediaType(r, "application/json") {
		return errMediaType
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if !isObject(body) || tooDeep(body) {
		return errNoObject
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return jsonFault(err)
	}
	return nil
}

func isMediaType(r *http.Request, want string) bool {
	if len(r.Header.Values("Content-Type")) != 1 || r.Header.Get("Content-Encoding") != "" {
		return false
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != want {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody { // nobody needs to send it
		return nil, errTooLarge
	}
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, fault.New(fault.Invalid, "invalid_body", "the request body could not be read").With(err)
	default:
		return body, nil
	}
}

func isObject(body []byte) bool {
	for _, c := range body {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{'
		}
	}
	return false
}

// tooDeep counts brackets outside strings. On malformed input its answer does not matter.
func tooDeep(body []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// jsonFault says which member was refused, and why, without repeating its value.
func jsonFault(err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return fault.InvalidField(member(semantic.JSONPointer), "unknown_field", "there is no such field here")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
		return fault.InvalidField(member(syntactic.JSONPointer), "duplicate_field", "the field is given twice")
	case errors.As(err, &semantic) && semantic.JSONPointer != "":
		return fault.InvalidField(member(semantic.JSONPointer), "wrong_type", "the value has the wrong type or is out of range")
	default:
		return errSyntax
	}
}

// member names a field for a person: the path without its leading slash, bounded, because a
// member's name is the caller's text.
func member(p jsontext.Pointer) string {
	name := strings.TrimPrefix(string(p), "/")
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "..."
	}
	return name
}

// readForm reads an application/x-www-form-urlencoded body with each of the named
// parameters at most once and no others.
func readForm(r *http.Request, names ...string) (url.Values, error) {
	values, err := readFields(r)
	if err != nil {
		return nil, err
	}
	return values, only(values, names...)
}

// readFields reads a form, whatever its fields are.
func readFields(r *http.Request) (url.Values, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_form", "the body is not a valid form").With(err)
	}
	return values, nil
}

// Query returns the query parameters if they are each among the names and given once.
func Query(r *http.Request, names ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_query", "the query is badly encoded").With(err)
	}
	return values, only(values, names...)
}

func only(values url.Values, names ...string) error {
	known := map[string]bool{}
	for _, n := range names {
		known[n] = true
	}
	for name, all := range values {
		if !known[name] {
			return fault.InvalidField(member(jsontext.Pointer(name)), "unknown_field", "there is no such parameter here")
		}
		if len(all) > 1 {
			return fault.InvalidField(name, "duplicate_field", "the parameter is given twice")
		}
	}
	return nil
}
