package identity_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func TestSearchTermsAreAllThatSomebodyIsLookedUpBy(t *testing.T) {
	ada := identity.User{
		ID: "u", Email: "Ada.L@Bücher.Example", Username: "Countess",
		Identifiers:  []identity.Identifier{{Kind: identity.EmailIdentifier, Value: "ada.l@xn--bcher-kva.example"}},
		PasswordHash: "secret", InvitationID: "secret",
		Profile: identity.Profile{
			Name: "Ada  Augusta", LastName: "O'Neil-Lovelace", DisplayName: "ADA Ł. E\u0301", Phone: " (+49) 30/123-45", Mobile: "0171 5",
			Bio: "secret", ReferenceID: "secret", RecoveryEmail: "secret@example.com", BirthDate: "1815-12-10",
		},
	}
	want := []string{
		"+493012345", "01715", "493012345", "ada.l@bücher.example", "ada.l@xn--bcher-kva.example", "augusta",
		"bücher.example", "countess", "o'neil-lovelace", "xn--bcher-kva.example", "é", "ł.",
	}
	if d := cmp.Diff(want, ada.SearchTerms()); d != "" {
		t.Errorf("terms (-want +got):\n%s", d)
	}
	disabled := ada
	disabled.Disabled = true
	if d := cmp.Diff(want, disabled.SearchTerms()); d != "" {
		t.Errorf("terms of a disabled account (-want +got):\n%s", d)
	}
	for name, change := range map[string]func(*identity.User){
		"a tombstone":           func(u *identity.User) { u.Deleted = true },
		"a provisional account": func(u *identity.User) { u.Provisional = true },
	} {
		u := ada
		change(&u)
		if got := u.SearchTerms(); got != nil {
			t.Errorf("%s has the terms %q", name, got)
		}
	}
	if got := (identity.User{}).SearchTerms(); len(got) != 0 {
		t.Errorf("nobody in particular has the terms %q", got)
	}
}

func TestSearchTermsAreBoundedAndTheNamesOfTheAccountComeFirst(t *testing.T) {
	u := identity.User{Email: "zoe@example.com", Username: "zzz"}
	for i := range 60 {
		u.Profile.Name += fmt.Sprintf(" name%02d", i)
	}
	u.Profile.Phone = strings.Repeat("7", 500)
	terms := u.SearchTerms()
	if len(terms) < 39 || len(terms) > 40 || !slices.Contains(terms, "zoe@example.com") || !slices.Contains(terms, "zzz") || !slices.Contains(terms, "name00") {
		t.Errorf("%d terms: %q", len(terms), terms)
	}
	if !slices.Contains(terms, strings.Repeat("7", 200)) {
		t.Error("a long term is not cut")
	}
}

func TestSearchWords(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"nothing but space", " \t\n\u00a0\u3000", nil},
		{"words", "  Ada\tLOVELACE \n", []string{"ada", "lovelace"}},
		{"letters of other scripts", "ÉMILE Ωmega İ 愛", []string{"émile", "ωmega", "i", "愛"}},
		{"letters that are put together", "E\u0301mile", []string{"émile"}},
		{"what means something elsewhere", `.* % _ ' $where`, []string{".*", "%", "_", "'", "$where"}},
		{"a catastrophe elsewhere", `^(a+)+$`, []string{"^(a+)+$"}},
		{"an address", "Ada@Example.com", []string{"ada@example.com"}},
		{"a telephone number in groups", "+49 (030) 123-45 ada", []string{"+4903012345", "ada"}},
		{"two telephone numbers", "+49 30 +43 1", []string{"+4930", "+431"}},
		{"a number that may be anything", "030 123-45", []string{"030", "123-45"}},
		{"a plus alone", "+ 12 a+b", []string{"+", "12", "a+b"}},
		{"eight words", "a b c d e f g h", []string{"a", "b", "c", "d", "e", "f", "g", "h"}},
		{"two hundred characters", strings.Repeat("ä", 200), []string{strings.Repeat("ä", 200)}},
	} {
		got, err := identity.SearchWords(c.text)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: error %v, words (-want +got):\n%s", c.name, err, d)
		}
	}
	for name, text := range map[string]string{
		"nine words":                 "a b c d e f g h i",
		"201 characters":             strings.Repeat("a", 201),
		"201 characters of space":    strings.Repeat(" ", 201),
		"ten thousand characters":    strings.Repeat("a", 10_000),
		"text that is not UTF-8":     "ada\xff",
		"the character zero":         "a\x00b",
		"a control character":        "a\x1bb",
		"a control character of C1":  "a\u0084b",
		"a delete character":         "a\x7f",
		"half of a surrogate":        "a\xed\xa0\x80",
		"an overlong form of a zero": "a\xc0\x80",
	} {
		if got, err := identity.SearchWords(text); !errors.Is(err, identity.ErrSearch) || got != nil {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}

// FuzzSearch holds that what is written in a profile is found by whoever types it, and that terms
// and words are canonical and bounded, whatever the text.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{
		"Ada Lovelace", "ada@example.com", "+49 (30) 123", "İstanbul ΟΔΟΣ straße", "E\u0301", "\u1e9e\u0130\u03c2", "a\x00b", "\xff", ".* % _ '", "\u0345\u0301a", "\u212b",
		"\ufb01 \U0001d431", strings.Repeat("\u0958", 70), "+1-2", "++1", "\u0085a\u2028b", "\u0e33 \u0f43",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		terms := identity.User{Email: s, Username: s, Profile: identity.Profile{DisplayName: s, Phone: s}}.SearchTerms()
		if len(terms) > 40 || !slices.IsSorted(terms) || len(slices.CompactFunc(slices.Clone(terms), func(a, b string) bool { return strings.HasPrefix(b, a) })) != len(terms) {
			t.Fatalf("%q has the terms %q", s, terms)
		}
		words, err := identity.SearchWords(s)
		for _, w := range slices.Concat(terms, words) {
			spaced := strings.ContainsFunc(w, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
			if w == "" || spaced || !utf8.ValidString(w) || !norm.NFC.IsNormalString(w) || strings.ToLower(w) != w {
				t.Fatalf("%q gives %q", s, w)
			}
		}
		if err != nil {
			return
		}
		for _, part := range strings.Fields(s) {
			word, err := identity.SearchWords(part)
			if err != nil || len(word) != 1 || utf8.RuneCountInString(word[0]) > 200 || len(terms) > 30 {
				continue
			}
			if !slices.ContainsFunc(terms, func(t string) bool { return strings.HasPrefix(t, word[0]) }) {
				t.Fatalf("%q in %q is asked for as %q and is none of %q", part, s, word[0], terms)
			}
		}
	})
}
