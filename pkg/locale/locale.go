package locale

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// maxPreferences bounds how much of an Accept-Language header is read, in bytes. Parsing is
// work, and the header is anybody's.
const maxPreferences = 256

// Locale is one of the languages there are texts in. The zero value is English. Locales are
// comparable and safe for concurrent use.
type Locale struct {
	c *catalogue
}

// All returns every language, English first.
func All() []Locale {
	out := make([]Locale, len(library().catalogues))
	for i, c := range library().catalogues {
		out[i] = Locale{c}
	}
	return out
}

// Match returns the language that suits a list of preferences best, written as in an
// Accept-Language header (RFC 9110 section 12.5.4) or as one tag (RFC 5646). It is English
// when there is none, or when the list cannot be read.
func Match(acceptLanguage string) Locale {
	if len(acceptLanguage) > maxPreferences {
		last := strings.LastIndexByte(acceptLanguage[:maxPreferences], ',')
		acceptLanguage = acceptLanguage[:max(0, last)]
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		wanted = nil
	}
	_, i, _ := library().matcher.Match(wanted...)
	return Locale{library().catalogues[i]}
}

// Tag returns the language's tag as HTML's lang attribute takes it (RFC 5646).
func (l Locale) Tag() string { return l.catalogue().tag.String() }

// Name returns what the language calls itself.
func (l Locale) Name() string { return l.Text("language.name") }

// Text returns what a key says. The arguments are pairs of a placeholder's name and its
// value; a value is never searched for placeholders. A key that does not exist is returned as
// it is, which a test keeps from happening.
func (l Locale) Text(key string, args ...string) string {
	text, ok := l.catalogue().texts[key]
	if !ok {
		return key
	}
	if len(args) < 2 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+args[i]+"}", args[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Date returns a day as people write it. The day is that of UTC.
func (l Locale) Date(t time.Time) string { return l.written("date.day", t) }

// Time returns a day and a time of day as people write them. The time is UTC and says so.
func (l Locale) Time(t time.Time) string { return l.written("date.time", t) }

func (l Locale) written(key string, t time.Time) string {
	t = t.UTC()
	return l.Text(key,
		"year", strconv.Itoa(t.Year()), "month", l.Text("date.month."+strconv.Itoa(int(t.Month()))),
		"day", strconv.Itoa(t.Day()), "clock", t.Format("15:04"))
}

func (l Locale) catalogue() *catalogue {
	if l.c == nil {
		return library().catalogues[0]
	}
	return l.c
}
