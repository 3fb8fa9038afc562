package opaque_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

func TestACredentialIsParsedAsItWasMade(t *testing.T) {
	made := opaque.New("sk")
	parsed, ok := opaque.Parse("sk", made.String())
	if !ok || parsed != made || !parsed.Matches(made.Hash()) {
		t.Errorf("made %+v, parsed %+v (%t)", made, parsed, ok)
	}
	again := opaque.NewFor("sk", made.ID)
	if again.ID != made.ID || again.Matches(made.Hash()) {
		t.Error("a new secret for the same record matches the old hash")
	}
}

func TestAnythingElseIsRefused(t *testing.T) {
	made := opaque.New("sk").String()
	for name, s := range map[string]string{
		"another prefix":       "pk" + made[2:],
		"another case":         "SK" + made[2:],
		"a space before":       " " + made,
		"a line break after":   made + "\n",
		"one character less":   made[:len(made)-1],
		"one character more":   made + "A",
		"another alphabet":     made[:len(made)-1] + "-",
		"no separator":         strings.Replace(made, "_", "-", 2),
		"the separator moved":  made[:10] + "_" + made[10:22] + made[23:],
		"nothing":              "",
		"the prefix alone":     "sk_",
		"letters beyond ASCII": made[:len(made)-2] + "é",
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := opaque.Parse("sk", s); ok {
				t.Errorf("%q was accepted", s)
			}
		})
	}
}

func TestTheHashCoversPrefixIDAndSecret(t *testing.T) {
	made := opaque.New("sk")
	for name, other := range map[string]opaque.Token{
		"another prefix": {Prefix: "pk", ID: made.ID, Secret: made.Secret},
		"another id":     {Prefix: "sk", ID: opaque.Random(opaque.IDLength), Secret: made.Secret},
		"another secret": {Prefix: "sk", ID: made.ID, Secret: opaque.Random(opaque.SecretLength)},
	} {
		if other.Matches(made.Hash()) {
			t.Errorf("%s matches", name)
		}
	}
}

func TestRandomTextUsesTheWholeAlphabetEvenly(t *testing.T) {
	const n = 62_000
	count := map[rune]int{}
	for _, c := range opaque.Random(n) {
		count[c]++
	}
	if len(count) != 62 {
		t.Fatalf("%d characters are used, want 62", len(count))
	}
	for c, got := range count {
		if got < 800 || got > 1200 { // six standard deviations around 1000
			t.Errorf("%q comes %d times in %d", c, got, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(opaque.New("sk").String())
	f.Add("sk__")
	f.Fuzz(func(t *testing.T, s string) {
		if parsed, ok := opaque.Parse("sk", s); ok && parsed.String() != s {
			t.Errorf("%q was parsed as %q", s, parsed.String())
		}
	})
}

func FuzzParseFor(f *testing.F) {
	const idLength = 28
	id := strings.Repeat("a", idLength)
	f.Add("rp", opaque.NewFor("rp", id).String())
	f.Add("ev", opaque.NewFor("rp", id).String())
	f.Add("", "__")
	f.Add("rp", "rp_"+id+"_"+strings.Repeat("é", opaque.SecretLength/2)+"x")
	f.Fuzz(func(t *testing.T, prefix, s string) {
		parsed, ok := opaque.ParseFor(prefix, idLength, s)
		if !ok {
			return
		}
		if parsed.String() != s || parsed.Prefix != prefix || len(parsed.ID) != idLength || len(parsed.Secret) != opaque.SecretLength {
			t.Errorf("%q was parsed as %+v", s, parsed)
		}
		if _, ok := opaque.ParseFor(prefix+"x", idLength, s); ok {
			t.Errorf("%q is taken for another purpose", s)
		}
	})
}
