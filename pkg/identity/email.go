package identity

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"
)

// ErrEmail says that a string is not an e-mail address this service accepts.
var ErrEmail = errors.New("not an e-mail address")

const (
	maxEmail = 254 // RFC 5321 4.5.3.1.3 less the angle brackets
	maxLocal = 64  // RFC 5321 4.5.3.1.1
	atext    = "!#$%&'*+/=?^_`{|}~-"
)

// CanonicalEmail returns the form under which an address is unique: ASCII lower case, the
// domain as A-labels (IDNA 2008). It accepts local@domain with an unquoted ASCII local part
// and a domain of at least two labels, and nothing else: no display name, comment, quoted
// part, address literal, space or trailing dot. Look-alikes outside ASCII are refused in the
// local part and are a different domain in the other.
func CanonicalEmail(s string) (string, error) {
	if len(s) > maxEmail { // in octets, however it is written
		return "", ErrEmail
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !validLocal(local) {
		return "", ErrEmail
	}
	ascii, err := emailDomain(domain)
	if err != nil || len(local)+1+len(ascii) > maxEmail {
		return "", ErrEmail
	}
	return strings.ToLower(local) + "@" + ascii, nil // local is ASCII: ToLower folds nothing else
}

func validLocal(s string) bool {
	if s == "" || len(s) > maxLocal || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '.' && strings.IndexByte(atext, c) < 0 {
			return false
		}
	}
	return true
}

func emailDomain(s string) (string, error) {
	profile := idna.New(
		idna.MapForLookup(), // lower-cases and normalises as a resolver would
		idna.StrictDomainName(true),
		idna.ValidateLabels(true),
		idna.VerifyDNSLength(true),
		idna.BidiRule(),
		idna.Transitional(false),
	)
	ascii, err := profile.ToASCII(s)
	if err != nil {
		return "", ErrEmail
	}
	if again, err := profile.ToASCII(ascii); err != nil || again != ascii {
		return "", ErrEmail // the mapping made of it what breaks a rule: nobody could write it that way
	}
	labels := strings.Split(ascii, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || last == "" || strings.Trim(last, "0123456789") == "" {
		return "", ErrEmail // one label, a trailing dot, or an IPv4 address
	}
	return ascii, nil
}
