package password

import (
	"slices"
	"strings"
	"unicode"
)

// maxDecoration bounds how much in front of and behind a word is looked at, in bytes.
const maxDecoration = 32

// decoratedWord returns why s is a word, perhaps twice, with nothing around it but what
// everybody puts there ("Password123!"), or nothing if it is not. known are words beside the
// list, in lower case.
func decoratedWord(s string, known []string) string {
	front := s[:len(s)-len(strings.TrimLeftFunc(s, notLetter))]
	back := s[len(strings.TrimRightFunc(s, notLetter)):]
	var ends []int // the lengths of what may be taken off the end
	for n := range min(len(back), maxDecoration) + 1 {
		if decoration(back[len(back)-n:]) {
			ends = append(ends, n)
		}
	}
	for start := range min(len(front), maxDecoration) + 1 {
		if !decoration(front[:start]) {
			continue
		}
		for _, end := range ends {
			if start+end >= len(s) {
				break
			}
			if why := word(s[start:len(s)-end], known); why != "" {
				return why
			}
		}
	}
	return ""
}

func word(core string, known []string) string {
	if half := core[:len(core)/2]; len(core) == 2*len(half) && core[len(half):] == half {
		core = half
	}
	if len(core) < minWord {
		return ""
	}
	for _, plain := range unleet(core) {
		if slices.Contains(known, plain) {
			return "the password is made from your name, your address or the name of this service"
		}
		if listed(baseWords, plain) {
			return "the password is a common word with little added to it"
		}
	}
	return ""
}

// decoration reports whether s is what everybody adds to a word: nothing, a few signs, one or
// two digits, a year, a sequence.
func decoration(s string) bool {
	if predictable(s) {
		return true
	}
	digits := strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
	return len(s)-len(digits) <= 3 && (len(digits) <= 2 || predictable(digits))
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }
