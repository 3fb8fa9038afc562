package identity

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrSearch says that a text is no query: too long, of too many words, or not visible text.
var ErrSearch = errors.New("not a search")

const (
	maxSearch      = 200 // characters of a query, and of a term: no more of it could be asked for
	maxSearchWords = 8
	maxSearchTerms = 40
)

// SearchTerms returns what an administrator finds the user by, canonical as SearchWords is,
// sorted: the words of the names, the user name, the e-mail address with its local part and its
// domain, and the digits of the telephone numbers, with the leading + and without. One that another
// begins with is left out, for it would find nothing more. There are at most 40 of at most 200
// characters; a user with more loses words of the names. An account that is not active has none.
func (u User) SearchTerms() []string {
	if !u.Active() {
		return nil
	}
	var terms []string
	add := func(words ...string) {
		for _, w := range words {
			if w = clip(w); w != "" && len(terms) < maxSearchTerms && !slices.Contains(terms, w) {
				terms = append(terms, w)
			}
		}
	}
	for _, address := range []string{u.EmailKey(), u.Email} { // its domain may be written in two ways
		for _, w := range searchWords(address) {
			local, domain, _ := strings.Cut(w, "@")
			add(w, local, domain)
		}
	}
	add(searchWords(u.Username)...)
	for _, number := range []string{u.Profile.Phone, u.Profile.Mobile} {
		digits := phoneDigits(number)
		add(digits, strings.TrimPrefix(digits, "+"))
	}
	for _, name := range []string{u.Profile.LastName, u.Profile.Name, u.Profile.DisplayName} {
		add(searchWords(name)...)
	}
	slices.Sort(terms)
	return longest(terms)
}

// longest leaves out what the next of sorted terms begins with.
func longest(sorted []string) []string {
	kept := sorted[:0]
	for i, term := range sorted {
		if i+1 == len(sorted) || !strings.HasPrefix(sorted[i+1], term) {
			kept = append(kept, term)
		}
	}
	return kept
}

// SearchWords splits a query at white space into canonical words: lower case, in Unicode's
// normal form C. A telephone number that begins with a + becomes one word of its digits, however
// it is grouped. Every other character means itself. It returns ErrSearch for more than 200
// characters or 8 words, and for text that is not UTF-8 or has control characters; there are no
// words in an empty query.
func SearchWords(text string) ([]string, error) {
	if utf8.RuneCountInString(text) > maxSearch || !utf8.ValidString(text) {
		return nil, ErrSearch
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
		return nil, ErrSearch
	}
	words := joinNumbers(searchWords(text))
	if len(words) > maxSearchWords {
		return nil, ErrSearch
	}
	return words, nil
}

// searchWords returns the canonical words of any text.
func searchWords(text string) []string {
	lower := strings.ToLower(norm.NFC.String(strings.ToValidUTF8(text, "\ufffd")))
	return strings.FieldsFunc(norm.NFC.String(lower), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// joinNumbers makes one word of a telephone number that begins with a + and is written in groups.
func joinNumbers(words []string) []string {
	var out []string
	open := false // the last word is such a number, which the next one may go on with
	for _, w := range words {
		begins := len(w) > 1 && w[0] == '+' && isGroup(w[1:])
		switch {
		case begins:
			out = append(out, phoneDigits(w))
		case open && isGroup(w):
			out[len(out)-1] += phoneDigits(w)
		default:
			out = append(out, w)
		}
		open = begins || open && isGroup(w)
	}
	return out
}

// isGroup reports whether a word is digits and what people write between them.
func isGroup(w string) bool {
	return strings.ContainsAny(w, "0123456789") && strings.Trim(w, "0123456789-./()") == ""
}

// phoneDigits returns the digits of a telephone number, after the + that it begins with.
func phoneDigits(number string) string {
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, number)
	if digits != "" && strings.HasPrefix(strings.TrimLeft(number, " ("), "+") {
		return "+" + digits
	}
	return digits
}

// clip returns the first characters of a term.
func clip(term string) string {
	n := 0
	for i := range term {
		if n++; n > maxSearch {
			return term[:i]
		}
	}
	return term
}
