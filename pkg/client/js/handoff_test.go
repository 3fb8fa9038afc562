package js_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
)

func TestAnAppTakesASessionFromItsAddress(t *testing.T) {
	s := start(t, "1h")
	browser := browsertest.Start(t)
	ada, bob := s.Register(t, "ada@example.com", password), s.Register(t, "bob@example.com", password)
	fragment := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return "#SF_Token=" + url.PathEscape(string(raw))
	}
	five := func(change func(map[string]any)) map[string]any {
		m := map[string]any{"email": ada.Email, "expiresIn": ada.ExpiresIn, "accessToken": ada.AccessToken, "localId": ada.LocalID, "refreshToken": ada.RefreshToken}
		change(m)
		return m
	}
	good := fragment(five(func(map[string]any) {}))
	const plain, yes, no = "", "{ confirm: async () => true }", "{ confirm: () => false }"
	for _, c := range []struct {
		name, fragment, options string
		held                    bool // somebody else is signed in
		code, email             string
	}{
		{name: "a session", fragment: good, email: "ada@example.com"},
		{name: "a session, confirmed", fragment: good, options: yes, email: "ada@example.com"},
		{name: "a session, declined", fragment: good, options: no, code: "hand_off_declined"},
		{name: "another account's session", fragment: good, held: true, code: "hand_off_declined", email: "bob@example.com"},
		{name: "another account's session, confirmed", fragment: good, held: true, options: yes, email: "ada@example.com"},
		{name: "nothing", fragment: ""},
		{name: "another fragment", fragment: "#chapter-2"},
		{name: "an empty one", fragment: "#SF_Token=", code: "invalid_hand_off"},
		{name: "not JSON", fragment: "#SF_Token=%7Bnope", code: "invalid_hand_off"},
		{name: "a bad escape", fragment: "#SF_Token=%E0%A4%A", code: "invalid_hand_off"},
		{name: "null", fragment: "#SF_Token=null", code: "invalid_hand_off"},
		{name: "a list", fragment: fragment([]any{five(func(map[string]any) {})}), code: "invalid_hand_off"},
		{name: "a member too many", fragment: fragment(five(func(m map[string]any) { m["more"] = 1 })), code: "invalid_hand_off"},
		{name: "a member too few", fragment: fragment(five(func(m map[string]any) { delete(m, "email") })), code: "invalid_hand_off"},
		{name: "a prototype", fragment: strings.Replace(good, "%7B%22accessToken", "%7B%22__proto__%22:%7B%7D,%22accessToken", 1), code: "invalid_hand_off"},
		{name: "a lifetime as text", fragment: fragment(five(func(m map[string]any) { m["expiresIn"] = "3600" })), code: "invalid_hand_off"},
		{name: "a lifetime of its own", fragment: fragment(five(func(m map[string]any) { m["expiresIn"] = 7200 })), code: "invalid_hand_off"},
		{name: "a refresh token that is an object", fragment: fragment(five(func(m map[string]any) { m["refreshToken"] = map[string]any{"$ne": ""} })), code: "invalid_hand_off"},
		{name: "an access token that is none", fragment: fragment(five(func(m map[string]any) { m["accessToken"] = "a.b.c" })), code: "invalid_hand_off"},
		{name: "another's access token", fragment: fragment(five(func(m map[string]any) { m["accessToken"] = bob.AccessToken })), code: "invalid_hand_off"},
		{name: "an empty address", fragment: fragment(five(func(m map[string]any) { m["email"] = "" })), code: "invalid_hand_off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := browser.Tab(t)
			if c.held {
				tab.Open(s.URL + "/bare")
				raw, err := json.Marshal(bob)
				if err != nil {
					t.Fatal(err)
				}
				tab.Eval("void sessionStorage.setItem('SF_Token', "+quoted(string(raw))+")", nil)
			}
			tab.Open(s.URL + "/page?tab=1" + c.fragment)
			tab.WaitFor("window.ready")
			var got struct{ Code, Email, URL, Stored string }
			tab.Eval(`attempt(client.acceptHandOff(`+c.options+`)).then(v => ({ code: v.code ?? "", url: location.href,
				email: client.session()?.email ?? "", stored: sessionStorage.getItem("SF_Token") ?? "" }))`, &got)
			want := got
			want.Code, want.Email, want.URL = c.code, c.email, s.URL+"/page?tab=1"
			if !strings.HasPrefix(c.fragment, "#SF_Token=") {
				want.URL += c.fragment
			}
			if c.email == "" {
				want.Stored = ""
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.email != "" {
				tab.Eval("client.user().then(() => null)", nil)
			}
			tab.Clean()
			s.noTokens(t, tab)
		})
	}
}
