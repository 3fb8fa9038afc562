package letter

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name that is shown, in characters.
const maxName = 64

// linkish matches what mail programs make a link of, or people take for one.
var linkish = regexp.MustCompile(`(?i)[@/\\]|:\S|www\.|[\pL\pN][.\x{3002}\x{ff0e}\x{ff61}]\pL{2}`)

// name returns how somebody is to be called, cut to what is a name; nothing when it looks
// like a link, because whoever made the account would be putting words into our mouth.
func name(s string) string {
	s = plain(s)
	if linkish.MatchString(s) {
		return ""
	}
	if utf8.RuneCountInString(s) > maxName {
		s = strings.TrimSpace(string([]rune(s)[:maxName-1])) + "…"
	}
	return s
}

// plain returns s as one line that shows what it is: whitespace is one space, and control
// characters, line separators and marks that turn the direction of text are gone.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}
