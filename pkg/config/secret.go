package config

import (
	"strings"
	"unicode"
)

// MinSecret is the least length of a configured secret in characters: 32 of even a small
// alphabet are out of reach of guessing.
const MinSecret = 32

// leastVariety is how many different characters a secret has at least: of 32 random hex digits
// fewer is out of the question.
const leastVariety = 8

const mask = "********"

// Secret is a value that no log, error or listing may show. However it is printed, only a
// mask comes out.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a mask, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for JSON and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DSN says where something is: a path, or a URL that may carry a password. However it is
// printed, the password does not come out.
type DSN string

// Reveal returns the whole text, password included.
func (d DSN) Reveal() string { return string(d) }

// String returns the text without its password.
func (d DSN) String() string { return redact(string(d)) }

// GoString is String, for %#v.
func (d DSN) GoString() string { return d.String() }

// MarshalText is String, for JSON and logs.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// redact masks what is secret in a URL: the password, and parameters that are named like one.
// Other text comes back as it is. It reads by hand because net/url refuses the several hosts
// of a mongodb:// URL, and when the text is malformed it masks too much rather than too little.
func redact(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return redactUser(text)
	}
	place, query, asks := strings.Cut(rest, "?")
	if strings.Contains(place, "@") {
		place = redactUser(place)
	} else if strings.Contains(query, "@") && !strings.Contains(query[:strings.IndexByte(query, '@')], "=") {
		return scheme + "://" + mask // a question mark in the password: nothing can be told apart
	}
	if asks {
		place += "?" + redactQuery(query)
	}
	return scheme + "://" + place
}

// redactUser masks what stands between the first colon and the last at sign.
func redactUser(place string) string {
	at := strings.LastIndexByte(place, '@')
	if at < 0 {
		return place
	}
	user, _, has := strings.Cut(place[:at], ":")
	if has {
		user += ":" + mask
	}
	return user + place[at:]
}

func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if !ok || secretParameter(strings.ToLower(name)) {
			parts[i] = name + "=" + mask
		}
		if !ok {
			parts[i] = mask
		}
	}
	return strings.Join(parts, "&")
}

func secretParameter(name string) bool {
	for _, word := range []string{"pass", "secret", "token", "authmechanismproperties", "%"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// placeholders are what documentation and defaults write where a secret belongs, as letters
// only.
const placeholders = "changeme changethis replaceme replacethis yoursecret yourbridgesecret placeholder example default password insecure"

// guessable reports whether a long secret is one that nobody drew at random: a few characters or
// a phrase again and again, or what stands in examples (OWASP ASVS 5.0 13.2.3: no
// default credentials).
func guessable(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	if len(seen) < leastVariety || repeats(s) {
		return true
	}
	letters := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	for word := range strings.FieldsSeq(placeholders) {
		if strings.Contains(letters, word) {
			return true
		}
	}
	return false
}

// repeats reports whether s is one phrase over and over, the last time perhaps cut short.
func repeats(s string) bool {
	for n := 1; n <= len(s)/2; n++ {
		if s[n:] == s[:len(s)-n] {
			return true
		}
	}
	return false
}
