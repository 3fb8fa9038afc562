package handoff_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/handoff"
)

const whole = `{"email":"ada@example.com","expiresIn":3600,"accessToken":"a.b.c","localId":"x","refreshToken":"rt_x"}`

func TestOnlyAWholeAuthorizationResponseIsRead(t *testing.T) {
	if a, err := handoff.ParseAuthorization(whole); err != nil || a.Email != "ada@example.com" || a.ExpiresIn != 3600 || a.RefreshToken != "rt_x" {
		t.Errorf("got %v, %v", a, err)
	}
	for name, raw := range map[string]string{
		"nothing":                      "",
		"no JSON":                      "<script>alert(1)</script>",
		"a string":                     `"x"`,
		"null":                         "null",
		"an array":                     "[" + whole + "]",
		"two objects":                  whole + whole,
		"a member too many":            strings.Replace(whole, "{", `{"more":1,`, 1),
		"a member twice":               strings.Replace(whole, "{", `{"email":"bob@example.com",`, 1),
		"a member in another case":     strings.Replace(whole, "email", "Email", 1),
		"a member missing":             strings.Replace(whole, `"localId":"x",`, "", 1),
		"a member empty":               strings.Replace(whole, `"x"`, `""`, 1),
		"a number as text":             strings.Replace(whole, "3600", `"3600"`, 1),
		"a lifetime that is no number": strings.Replace(whole, "3600", "1e999", 1),
		"a lifetime below zero":        strings.Replace(whole, "3600", "-1", 1),
		"bytes that are no UTF-8":      strings.Replace(whole, "ada", "\xff", 1),
		"more than 8 KiB":              strings.Replace(whole, "a.b.c", strings.Repeat("x", 9000), 1),
	} {
		t.Run(name, func(t *testing.T) {
			if a, err := handoff.ParseAuthorization(raw); err == nil {
				t.Errorf("read as %v", a)
			}
		})
	}
}

// FuzzParseAuthorization holds that what is read is whole.
func FuzzParseAuthorization(f *testing.F) {
	f.Add(whole)
	f.Add("{}")
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := handoff.ParseAuthorization(raw)
		if err == nil && (a.Email == "" || a.AccessToken == "" || a.RefreshToken == "" || a.LocalID == "" || a.ExpiresIn <= 0 || len(raw) > 8<<10) {
			t.Fatalf("%q is read as %v", raw, a)
		}
	})
}
