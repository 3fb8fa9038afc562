package token_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/token"
)

func TestCustomClaimsAreNotOursInAnyCase(t *testing.T) {
	for _, name := range []string{"sub", "SUB", "Sub", "\u017fub", "EXP", "User_Type", "\u017fid"} {
		raw, err := json.Marshal(map[string]int{name: 1})
		if err != nil {
			t.Fatal(err)
		}
		if token.CheckCustom(raw) == nil {
			t.Errorf("%s is accepted", raw)
		}
	}
	for _, raw := range []string{`{"a":1,"a":2}`, `{"a":{"b":1,"b":2}}`, "{\"a\":\"\xff\"}"} {
		if token.CheckCustom(json.RawMessage(raw)) == nil {
			t.Errorf("%s is accepted", raw)
		}
	}
	if err := token.CheckCustom(json.RawMessage(`{"plan":"pro","Plan":"x","subject":1,"exp_":{"sub":1}}`)); err != nil {
		t.Error(err)
	}
}

func TestClaimsAreReadToTheLetter(t *testing.T) {
	b := newBench(t)
	c := claims()
	c.Custom = json.RawMessage(`{"plan":{"SUB":1}}`)
	good := b.mint(t, c)
	parts := strings.Split(good, ".")
	for name, more := range map[string]string{
		"a name in another case is another claim": `,"SUB":"x","Exp":1,"aUd":[]`,
		"nothing more": ``,
	} {
		got, err := b.verifier.Verify(b.sign(t, parts[0]+"."+withMore(t, parts[1], more)))
		if err != nil || got.Subject != c.Subject || !got.ExpiresAt.Equal(c.ExpiresAt) {
			t.Errorf("%s: %+v (%v)", name, got, err)
		}
	}
	for name, more := range map[string]string{"a claim twice": `,"sub":"u1"`, "a member twice within one": `,"x":{"a":1,"a":1}`} {
		if _, err := b.verifier.Verify(b.sign(t, parts[0]+"."+withMore(t, parts[1], more))); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// withMore returns a payload with more members behind its own.
func withMore(t *testing.T, payload, more string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	return b64([]byte(strings.TrimSuffix(string(raw), "}") + more + "}"))
}

// TestMarkupTakesNoMoreRoom holds the bound of custom claims to what it says.
func TestMarkupTakesNoMoreRoom(t *testing.T) {
	b := newBench(t)
	c := claims()
	c.Custom = json.RawMessage(`{"a":"` + strings.Repeat("<", token.MaxCustomClaims-8) + `"}`)
	c.Name = strings.Repeat("<", 129)
	raw := b.mint(t, c)
	if got, err := b.verifier.Verify(raw); err != nil || got.Name != c.Name {
		t.Errorf("a token of %d bytes: %v", len(raw), err)
	}
}
