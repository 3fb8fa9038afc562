package config

import (
	"errors"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBrand is the longest name of a brand in characters: subjects stay readable.
const maxBrand = 64

// leastContrast is what text of normal size needs (WCAG 2.2, 1.4.3).
const leastContrast = 4.5

var (
	brandName  = textual[string](checkBrandName)
	brandColor = textual[string](checkBrandColor)
	mailbox    = textual[string](checkMailbox)

	hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)
)

func checkBrandName(s string) error {
	if s == "" || strings.TrimSpace(s) != s || utf8.RuneCountInString(s) > maxBrand || !isLine(s) {
		return errors.New("a name of at most 64 characters, on one line")
	}
	return nil
}

// checkBrandColor accepts a colour on which white text can be read, and which can be read on
// white.
func checkBrandColor(s string) error {
	if !hexColor.MatchString(s) {
		return errors.New("a colour such as #2454c7, in lower case")
	}
	if contrast := 1.05 / (luminance(s) + 0.05); contrast < leastContrast {
		return errors.New("a darker colour: its contrast to white must be at least 4.5:1 and is " +
			strconv.FormatFloat(contrast, 'f', 2, 64) + ":1")
	}
	return nil
}

// luminance returns the relative luminance of a colour (WCAG 2.2, section 6).
func luminance(hex string) float64 {
	channel := func(i int) float64 {
		n, _ := strconv.ParseUint(hex[i:i+2], 16, 8) // the form has been checked
		c := float64(n) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(1) + 0.7152*channel(3) + 0.0722*channel(5)
}

// isLine reports whether s is one line of text that shows what it is: no control characters,
// no line separators, nothing that turns the direction of what follows.
func isLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
