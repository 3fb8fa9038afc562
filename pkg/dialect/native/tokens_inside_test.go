package native_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestARightSignatureIsNotEnough signs with the service's own key what the service never
// would: another deployment with the same key, or a later feature, might.
func TestARightSignatureIsNotEnough(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	w, payload, owner := newWall(t, s), split(t, a.AccessToken).payload, insider(s)
	w.admits(t, "an access token", owner.rs256(t, owner.header(""), payload))
	kid := `"kid":"` + owner.kid + `"`
	for name, header := range map[string]string{
		"an unknown extension is critical": owner.header(`,"crit":["x"],"x":1`),
		"nothing is critical":              owner.header(`,"crit":[]`),
		"the payload is not encoded":       owner.header(`,"b64":false,"crit":["b64"]`),
		"the payload is compressed":        owner.header(`,"zip":"DEF"`),
		"it holds another token":           owner.header(`,"cty":"JWT"`),
		"it has an own parameter":          owner.header(`,"x":1`),
		"alg comes twice":                  `{"alg":"none","alg":"RS256",` + kid + `,"typ":"at+jwt"}`,
		"kid comes twice":                  owner.header(`,` + kid),
		"alg is also ALG":                  owner.header(`,"ALG":"none"`),
		"typ is missing":                   `{"alg":"RS256",` + kid + `}`,
		"typ is JWT":                       `{"alg":"RS256",` + kid + `,"typ":"JWT"}`,
		"typ is that of a refresh token":   `{"alg":"RS256",` + kid + `,"typ":"rt+jwt"}`,
		"typ is in other case":             `{"alg":"RS256",` + kid + `,"typ":"AT+JWT"}`,
		"typ is the long form":             `{"alg":"RS256",` + kid + `,"typ":"application/at+jwt"}`,
		"the header is a list":             `[]`,
		"the header goes on":               owner.header("") + "{}",
	} {
		w.refuses(t, name, owner.rs256(t, header, payload))
	}
	w.refuses(t, "the header in padded base64", paddedHeader(t, owner, payload))
}

func paddedHeader(t *testing.T, f forger, payload string) string {
	t.Helper()
	token := f.rs256(t, f.header(" "), payload)
	head, rest, _ := strings.Cut(token, ".")
	return head + "=." + rest
}

func TestEveryClaimOfATokenCounts(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	b := s.Register(t, "bob@example.com", goodPassword)
	w, owner, now := newWall(t, s), insider(s), s.Clock.Now().Unix()
	forge := func(change func(map[string]any)) string {
		claims := decoded(t, split(t, a.AccessToken).payload)
		change(claims)
		return owner.claims(t, claims)
	}
	set := func(name string, value any) string {
		return forge(func(m map[string]any) { m[name] = value })
	}
	w.admits(t, "unchanged", forge(func(map[string]any) {}))
	w.admits(t, "with a claim of its own", set("plan", "pro"))
	w.admits(t, "expired within the leeway", forge(func(m map[string]any) { m["iat"], m["nbf"], m["exp"] = now-3600, now-3600, now-29 }))
	for _, name := range []string{"exp", "nbf", "iat", "aud", "iss", "sub", "sid", "jti", "auth_time"} {
		w.refuses(t, name+" is missing", forge(func(m map[string]any) { delete(m, name) }))
		w.refuses(t, name+" is null", set(name, nil))
		w.refuses(t, name+" is an object", set(name, map[string]any{"$gt": ""}))
	}
	for name, token := range map[string]string{
		"nbf is in the future":           set("nbf", now+40),
		"iat is in the future":           set("iat", now+40),
		"exp is zero":                    set("exp", 0),
		"exp is negative":                set("exp", -1),
		"exp is a string":                set("exp", "9999999999"),
		"exp is beyond numbers":          set("exp", json.RawMessage("1e400")),
		"exp is a fraction":              set("exp", json.RawMessage("9999999999.5")),
		"aud is another":                 set("aud", "https://other.example.com"),
		"aud is an empty list":           set("aud", []string{}),
		"aud is an empty string":         set("aud", ""),
		"iss is another":                 set("iss", "https://staging.example.com"),
		"iss has a slash more":           set("iss", "http://localhost:8080/"),
		"iss has another scheme":         set("iss", "https://localhost:8080"),
		"it expired, and is of another":  forge(func(m map[string]any) { m["iat"], m["nbf"], m["exp"], m["iss"] = now-7200, now-7200, now-3600, "x" }),
		"the payload is a list":          owner.rs256(t, owner.header(""), b64([]byte(`[]`))),
		"the payload is null":            owner.rs256(t, owner.header(""), b64([]byte(`null`))),
		"the payload goes on":            owner.rs256(t, owner.header(""), b64([]byte(dialecttest.JSON(decoded(t, split(t, a.AccessToken).payload))+`{}`))),
		"a claim comes twice":            owner.rs256(t, owner.header(""), b64([]byte(strings.Replace(dialecttest.JSON(decoded(t, split(t, a.AccessToken).payload)), "{", `{"sub":"x",`, 1)))),
		"the whole is more than 4 KiB":   set("plan", strings.Repeat("x", 3000)),
		"sub is missing but SUB is not":  forge(func(m map[string]any) { m["SUB"] = m["sub"]; delete(m, "sub") }),
		"exp is missing but Exp is not":  forge(func(m map[string]any) { m["Exp"] = m["exp"]; delete(m, "exp") }),
		"sid is missing but \u017fid is": forge(func(m map[string]any) { m["\u017fid"] = m["sid"]; delete(m, "sid") }),
	} {
		w.refuses(t, name, token)
	}

	// A genuine token that has had its day may be told so.
	for name, tc := range map[string]struct{ token, code string }{
		"expired beyond the leeway": {forge(func(m map[string]any) { m["iat"], m["nbf"], m["exp"] = now-3600, now-3600, now-31 }), "token_expired"},
		"the session of another":    {set("sid", decoded(t, split(t, b.AccessToken).payload)["sid"]), "session_ended"},
		"the name of another":       {set("sub", b.LocalID), "session_ended"},
		"no session that ever was":  {set("sid", strings.Repeat("x", 22)), "session_ended"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := s.Do(t, request{Path: "/auth/me", Bearer: tc.token}); r.Status != 401 || r.Code() != tc.code {
				t.Errorf("got %d %s, want 401 %s", r.Status, r.Body, tc.code)
			}
		})
	}
}

// TestCustomClaimsCannotSpeakForTheService lets whoever may invite try to put a word into the
// service's mouth: a reader that is careless about case would take "SUB" for "sub".
func TestCustomClaimsCannotSpeakForTheService(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	admin := s.NewUser(t, "root@example.com", "admin")
	invite := func(claims string) request {
		return request{Path: "/auth/generateInvitationCode", Bearer: admin.AccessToken, Body: `{"claims":` + claims + `}`}
	}
	cases := []kase{{Name: "claims of one's own", Request: invite(`{"plan":"pro","subPlan":"x","Exploit":1}`), Status: 201}}
	for _, name := range []string{
		"sub", "SUB", "Sub", "\u017fub", "sid", "SID", "\u017fid", "exp", "EXP", "Aud", "ISS", "User_Type", "AMR", "\u017fcope", "",
	} {
		cases = append(cases, kase{
			Name: "the claim " + name, Request: invite(dialecttest.JSON(map[string]string{name: "x"})), Status: 400, Has: []string{`"field":"claims"`},
		})
	}
	s.Run(t, cases)

	// And if such a claim were there, the service itself would not read it.
	a := s.Register(t, "ada@example.com", goodPassword)
	victim := decoded(t, split(t, admin.AccessToken).payload)
	own := dialecttest.JSON(decoded(t, split(t, a.AccessToken).payload))
	more := dialecttest.JSON(map[string]any{"SUB": victim["sub"], "SID": victim["sid"], "EXP": s.Clock.Now().Add(time.Hour * 1e4).Unix()})
	f := insider(s)
	token := f.rs256(t, f.header(""), b64([]byte(own[:len(own)-1]+","+more[1:])))
	if r := s.Do(t, request{Path: "/auth/me", Bearer: token}); r.Status != 200 || !strings.Contains(r.Body, a.LocalID) {
		t.Errorf("the token speaks for somebody else: %d %s", r.Status, r.Body)
	}
	s.Clock.Advance(2 * time.Hour)
	if r := s.Do(t, request{Path: "/auth/me", Bearer: token}); r.Status != 401 || r.Code() != "token_expired" {
		t.Errorf("the token lives on: %d %s", r.Status, r.Body)
	}
}
