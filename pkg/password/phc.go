package password

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// settings are the name=value pairs of one PHC field.
type settings map[string]string

// parseSettings splits "a=1,b=2". It wants every one of names, in any order, and nothing else,
// except that a name ending in "?" may be missing.
func parseSettings(field string, names ...string) (settings, bool) {
	allowed := map[string]bool{} // whether it may be missing
	for _, n := range names {
		name, optional := strings.CutSuffix(n, "?")
		allowed[name] = optional
	}
	out := settings{}
	for pair := range strings.SplitSeq(field, ",") {
		name, value, _ := strings.Cut(pair, "=")
		_, known := allowed[name]
		if _, twice := out[name]; !known || twice || value == "" {
			return nil, false
		}
		out[name] = value
	}
	for name, optional := range allowed {
		if _, there := out[name]; !there && !optional {
			return nil, false
		}
	}
	return out, true
}

// numbers returns the values of names, which must be whole positive numbers.
func (s settings) numbers(names ...string) ([]int, bool) {
	out := make([]int, len(names))
	for i, name := range names {
		n, ok := number(s[name])
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// number parses a positive number of 32 bits without a sign or leading zeros.
func number(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil && n > 0 && s[0] != '0'
}

// decode reads base64 of any alphabet, padded or not, of minimum to maximum bytes.
func decode(s string, minimum, maximum int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // which the decoder would skip
		return nil, false
	}
	s = strings.NewReplacer("-", "+", "_", "/", ".", "+").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil && len(b) >= minimum && len(b) <= maximum
}
