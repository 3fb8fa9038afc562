package password

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

const (
	minLength = 8   // code points
	maxLength = 128 // code points
	maxBytes  = 512 // as sent; also the bound on what is looked at
)

// Check returns nil when a new password is acceptable: 8 to 128 Unicode characters after
// normalisation, at most 512 bytes, and not one of those that are guessed first (OWASP ASVS
// 6.2.1, 6.2.4, 6.2.5, 6.2.9, 6.2.11). There are no rules on which characters it is made of.
//
// What is too long or not UTF-8 is an Invalid fault; what is too short or too easy to guess an
// Unprocessable one with the code weak_password and a message that says why. Both name field.
// about is what an attacker knows of the user: e-mail addresses, names, user names; empty
// strings in it are ignored. Check is cheap whatever the length, and safe for concurrent use.
func Check(field, password string, about ...string) error {
	if len(password) > maxBytes {
		return tooLong(field)
	}
	if !utf8.ValidString(password) {
		return fault.InvalidField(field, "invalid", "the password is not valid UTF-8 text")
	}
	nfc := norm.NFC.String(password)
	n := utf8.RuneCountInString(nfc)
	if n > maxLength {
		return tooLong(field)
	}
	if n < minLength {
		return weak(field, "the password is too short: use at least 8 characters")
	}
	if why := guessable(nfc, about); why != "" {
		return weak(field, why)
	}
	return nil
}

// TooShort reports whether Check refuses a password for its length alone, for dialects that say so
// before anything else.
func TooShort(password string) bool {
	return utf8.RuneCountInString(norm.NFC.String(password)) < minLength
}

func weak(field, why string) error {
	err := fault.New(fault.Unprocessable, "weak_password", why)
	err.Fields = []fault.Field{{Field: field, Code: "weak_password", Message: why}}
	return err
}
