package provider_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"Jane Doe": "Jane Doe", "  Jane\t\n Doe  ": "Jane Doe", "Zoë 👩‍🚀": "Zoë 👩‍🚀", "": "", " \n ": "",
		"\u202eJane\u202c": "Jane", "Ja\u200bne": "Jane", "J\x00ane\x1b[31m": "Jane[31m", "Jane\u2028Doe": "Jane Doe", "Jane\xff": "",
		strings.Repeat("é", 100): strings.Repeat("é", 64),
	} {
		if got := provider.OneLine(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestPictures(t *testing.T) {
	p, there, _ := start(t, "okta")
	for picture, want := range map[string]bool{
		"https://pictures.example.com/a.png?s=1": true, "http://pictures.example.com/a.png": false, "javascript:alert(1)": false, "data:image/png;base64,x": false,
		"//pictures.example.com/a.png": false, "https:///a.png": false, "https://u:p@pictures.example.com/": false, "https://pictures.example.com/a b": false,
		"https://pictures.example.com/\r\nx": false, "https://pictures.example.com/" + strings.Repeat("x", 2048): false, "": false,
	} {
		got, err := p.IDToken(t.Context(), there.IDToken(t, with("picture", picture)), "")
		if err != nil || (got.Picture != "") != want || want && got.Picture != picture {
			t.Errorf("%q becomes %q, %v", picture, got.Picture, err)
		}
	}
}

func TestCodesOfErrors(t *testing.T) {
	for code, told := range map[string]bool{
		"invalid_grant": true, "access-denied.2": true, "": false, "Invalid Grant": false, "<script>": false, "a\nb": false, strings.Repeat("x", 41): false, "é": false,
	} {
		if got := provider.Short(code); (got == code) != told {
			t.Errorf("%q is told as %q", code, got)
		}
	}
}

// FuzzIDToken sends any text as an ID token: nobody but the provider can write one.
func FuzzIDToken(f *testing.F) {
	there := providertest.Start(f, "okta", jane())
	client, err := outbound.New(there.URLs()...)
	if err != nil {
		f.Fatal(err)
	}
	at := &clock{now: there.Time()}
	p, err := provider.New(there.Config(), client, at.Now)
	if err != nil {
		f.Fatal(err)
	}
	there.Clock(at.Now)
	good := there.IDToken(f, providertest.Minted{})
	if _, err := p.IDToken(f.Context(), good, ""); err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("a.b.c")
	f.Add(good[:len(good)-1])
	f.Add(good + "=")
	f.Add(there.IDToken(f, providertest.Minted{Alg: "none"}))
	f.Add(there.IDToken(f, providertest.Minted{Alg: "HS256", HMACKey: []byte(providertest.ClientSecret)}))
	f.Add(`{"payload":"e30","signatures":[]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		if got, err := p.IDToken(t.Context(), raw, ""); err == nil && raw != good {
			t.Errorf("%q proves %+v", raw, got)
		}
	})
}

// FuzzClaims reads any JSON as claims. What comes out can be stored and shown.
func FuzzClaims(f *testing.F) {
	client, err := outbound.New()
	if err != nil {
		f.Fatal(err)
	}
	p, err := provider.New(provider.Config{Name: "okta", ClientID: "c", ClientSecret: "s", Issuer: "https://idp.example.com"}, client, (&clock{}).Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"sub":"a","aud":"c","email":"a@b.example","email_verified":true,"name":"A","picture":"https://x.example/"}`))
	f.Add([]byte(`{"aud":["c","d"],"azp":"c","exp":1e999}`))
	f.Add([]byte(`{"aud":null,"email_verified":"true","events":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, ours := p.Read(text)
		if a.EmailVerified && a.Email == "" || utf8.RuneCountInString(a.Name) > 64 || strings.ContainsFunc(a.Name, unicode.IsControl) || !utf8.ValidString(a.Name) ||
			a.Picture != "" && !strings.HasPrefix(strings.ToLower(a.Picture), "https://") || len(a.Picture) > 2048 {
			t.Errorf("%q proves %+v", text, a)
		}
		if ours && !strings.Contains(string(text), `"`) {
			t.Errorf("%q is for us", text)
		}
	})
}
