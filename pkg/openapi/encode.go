package openapi

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

// encode appends a value as JSON and keeps the order of members, which a page shows things in.
func encode(out []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case yaml.MapSlice:
		return encodeObject(out, v)
	case []any:
		return encodeList(out, v)
	case nil:
		// A word with nothing behind it, or an alias that the library could not follow.
		return nil, errors.New("openapi: a value is missing")
	default:
		raw, err := json.Marshal(v)
		return append(out, raw...), err
	}
}

func encodeObject(out []byte, m yaml.MapSlice) (_ []byte, err error) {
	out = append(out, '{')
	for i, item := range m {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = encode(out, fmt.Sprint(item.Key)); err != nil { // a status may stand without quotes
			return nil, err
		}
		out = append(out, ':')
		if out, err = encode(out, item.Value); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func encodeList(out []byte, list []any) (_ []byte, err error) {
	out = append(out, '[')
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = encode(out, v); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}
