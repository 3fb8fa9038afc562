package password

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// productName is the service's own name, which people like to put into its passwords.
const productName = "gatehouse"

// minWord is the shortest word that counts as one, in bytes.
const minWord = 3

// guessable returns why a password is among those that are guessed first, or nothing.
func guessable(password string, about []string) string {
	p := fold(password)
	if p == "" {
		return "the password is made of spaces only"
	}
	if oneCharacter(p) {
		return "the password repeats one character"
	}
	if predictable(p) {
		return "the password follows the keyboard, the alphabet or the numbers"
	}
	known := contextWords(about)
	for _, form := range []string{p, squash(p)} {
		for _, plain := range unleet(form) {
			if listed(commonPasswords, plain) {
				return "the password is one of the most used ones"
			}
		}
		if why := decoratedWord(form, known); why != "" {
			return why
		}
	}
	return ""
}

// fold removes what hides a word from a list: case, width and other compatibility forms, and
// spaces around it.
func fold(s string) string {
	return strings.TrimSpace(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))))
}

// squash removes what people put between words.
func squash(s string) string {
	return strings.NewReplacer(" ", "", ".", "", "-", "", "_", "", "+", "", "'", "").Replace(s)
}

// unleet returns s and the words it may stand for when digits and signs are read as letters.
func unleet(s string) []string {
	const signs = "013457@$!|"
	if !strings.ContainsAny(s, signs) {
		return []string{s}
	}
	out := []string{s}
	for _, letters := range []string{"oieastasii", "oleastasll"} {
		out = append(out, strings.Map(func(r rune) rune {
			if i := strings.IndexRune(signs, r); i >= 0 {
				return rune(letters[i])
			}
			return r
		}, s))
	}
	return out
}

func oneCharacter(s string) bool {
	runes := []rune(s)
	return strings.Trim(s, string(runes[0])) == ""
}

// contextWords returns the words that about gives away: each text, the local part of an
// address, and their parts, with and without what separates them.
func contextWords(about []string) []string {
	out := []string{productName}
	for _, text := range about {
		if len(text) > maxBytes {
			continue // longer than any password
		}
		text = fold(text)
		local, _, _ := strings.Cut(text, "@")
		untagged, _, _ := strings.Cut(local, "+")
		forms := []string{text, local, untagged}
		forms = append(forms, strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) })...)
		for _, form := range forms {
			if len(form) >= minWord {
				out = append(out, form, squash(form))
			}
		}
	}
	return out
}
