package locale_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/locale"
)

func TestMatchFindsTheReadersLanguage(t *testing.T) {
	long := strings.Repeat("fr;q=0.9,", 20)
	for _, c := range []struct{ name, header, want string }{
		{"nothing is English", "", "en"},
		{"a tag", "de", "de"},
		{"a region", "de-AT", "de"},
		{"a script", "de-Latn-CH", "de"},
		{"a relative", "gsw", "de"},
		{"what a browser sends", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"},
		{"weights decide, not the order", "en;q=0.4,de;q=0.5", "de"},
		{"an unknown language is skipped", "fi,de;q=0.5", "de"},
		{"unknown languages are English", "fi,ja", "en"},
		{"anything is English", "*", "en"},
		{"what cannot be read is English", "de;q=\x00,\xff", "en"},
		{"line breaks are no languages", "de\r\nSet-Cookie: a=b", "en"},
		{"a long list is read from its beginning", long + "de;q=0.95," + strings.Repeat("x", 500), "de"},
		{"a long word is English", strings.Repeat("de-", 10_000), "en"},
		{"what stands too far behind is not read", strings.Repeat("fr;q=0.9,", 40) + "de", "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := locale.Match(c.header).Tag(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTheZeroLocaleIsEnglish(t *testing.T) {
	if l := (locale.Locale{}); l.Tag() != "en" || l.Name() != "English" {
		t.Errorf("got %s, %s", l.Tag(), l.Name())
	}
	if all := locale.All(); all[0].Tag() != "en" || len(all) < 2 {
		t.Errorf("all are %v", all)
	}
}

func TestDatesReadAsPeopleWriteThem(t *testing.T) {
	vienna := time.FixedZone("CET", 3600)
	at := time.Date(2026, 3, 2, 0, 5, 59, 0, vienna)
	for _, c := range []struct{ tag, day, time string }{
		{"en", "March 1, 2026", "March 1, 2026 at 23:05 UTC"},
		{"de", "1. März 2026", "1. März 2026 um 23:05 Uhr (UTC)"},
	} {
		l := locale.Match(c.tag)
		if l.Date(at) != c.day || l.Time(at) != c.time {
			t.Errorf("%s: %q, %q", c.tag, l.Date(at), l.Time(at))
		}
	}
}

func TestTextPutsValuesInOnce(t *testing.T) {
	l := locale.Match("en")
	if got := l.Text("date.day", "month", "{day}", "day", "{year}", "year", "1"); got != "{day} {year}, 1" {
		t.Errorf("got %q: a value was searched for placeholders", got)
	}
	if got := l.Text("date.day", "month"); got != "{month} {day}, {year}" {
		t.Errorf("got %q for a name without a value", got)
	}
	if got := l.Text("no.such.key", "a", "b"); got != "no.such.key" {
		t.Errorf("got %q for a key that does not exist", got)
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"", "de", "de-DE,de;q=0.9,en;q=0.8", "*;q=0", "x-y-z", "de;q=1e9", "und-Latn-t-de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tag := locale.Match(s).Tag(); tag != "en" && tag != "de" {
			t.Errorf("%q matches %s", s, tag)
		}
	})
}
