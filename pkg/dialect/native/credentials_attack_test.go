package native_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

// TestEveryCredentialOpensItsOwnDoorOnly presents every kind of credential at every place
// where some credential is taken. What does not belong there is answered as nonsense is.
func TestEveryCredentialOpensItsOwnDoorOnly(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "ada@example.com", goodPassword)
		code, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{})
		if err != nil {
			t.Fatal(err)
		}
		sid, _ := decoded(t, split(t, a.AccessToken).payload)["sid"].(string)
		credentials := []struct{ kind, value string }{
			{"access token", a.AccessToken}, {"refresh token", a.RefreshToken}, {"publishable key", s.Publishable}, {"secret key", s.Secret},
			{"invitation code", code[0].Code}, {"session handle", sid}, {"session handle with a prefix", "ses_" + sid}, {"localId", a.LocalID},
			{"invitation id", code[0].ID}, {"password", goodPassword}, {"e-mail address", a.Email},
		}
		guest := 0
		slots := []struct {
			name   string
			at     func(value string) request
			opens  []string
			answer int
			known  []string // recognised, and not enough
		}{
			{"Bearer", func(v string) request { return request{Path: "/auth/me", Bearer: v} }, []string{"access token"}, 200, nil},
			{"Basic", func(v string) request {
				return request{Path: "/auth/me", Header: map[string]string{"Authorization": "Basic " + v}}
			}, nil, 0, nil},
			{"X-Session-ID", func(v string) request {
				return request{Path: "/auth/me", Header: map[string]string{"X-Session-ID": v}}
			}, nil, 0, nil},
			{"a cookie", func(v string) request {
				return request{Path: "/auth/me", Header: map[string]string{"Cookie": "session=" + v + "; __Host-session=" + v + "; session_id=" + v}}
			}, nil, 0, nil},
			{"the query", func(v string) request {
				return request{Path: "/auth/me?access_token=" + v + "&token=" + v + "&x-api-key=" + v}
			}, nil, 0, nil},
			{"x-api-key to sign in", func(v string) request {
				return request{Path: "/auth/login", Key: v, Body: body("email", "ada@example.com", "password", goodPassword)}
			}, []string{"publishable key", "secret key"}, 200, nil},
			{"x-api-key as a user", func(v string) request { return request{Path: "/auth/me", Key: v} }, nil, 401, []string{"publishable key", "secret key"}},
			{"token, introspected", func(v string) request {
				return request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", v)}
			}, []string{"access token", "refresh token"}, 200, nil},
			{"invitationCode", func(v string) request {
				guest++
				return request{Path: "/auth/register", Key: s.Publishable, Body: body(
					"email", fmt.Sprintf("guest%d@example.com", guest), "password", goodPassword, "invitationCode", v)}
			}, []string{"invitation code"}, 201, nil},
			{"refreshToken", func(v string) request {
				return request{Path: "/auth/refreshToken", Body: body("refreshToken", v)}
			}, []string{"refresh token"}, 200, nil},
		}
		for _, slot := range slots {
			shut := lookOf(s.Do(t, slot.at("nonsense")))
			for _, c := range credentials {
				t.Run(c.kind+" as "+slot.name, func(t *testing.T) {
					r := s.Do(t, slot.at(strings.ReplaceAll(c.value, " ", "_")))
					diff := cmp.Diff(shut, lookOf(r))
					switch {
					case slices.Contains(slot.opens, c.kind):
						if r.Status != slot.answer || diff == "" {
							t.Errorf("it does not open: %d %s", r.Status, r.Body)
						}
					case slices.Contains(slot.known, c.kind):
						if r.Status != slot.answer {
							t.Errorf("got %d %s", r.Status, r.Body)
						}
					case diff != "":
						t.Error(diff)
					}
				})
			}
		}
	})
}

// TestAnAPIKeyCannotBePassedOff carries good keys to the wrong place, and spoilt ones to the
// right one.
func TestAnAPIKeyCannotBePassedOff(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	elsewhere := start(t, dialecttest.SQLite(t))
	admin := s.NewUser(t, "root@example.com", "admin")
	create := func(n apikey.New) (identity.APIKey, string) {
		n.Name = "test"
		k, credential, err := s.App.APIKeys.Create(t.Context(), dialecttest.Operator, n)
		if err != nil {
			t.Fatal(err)
		}
		return k, credential
	}
	_, reader := create(apikey.New{Kind: identity.Secret, Scopes: []string{identity.ScopeTokensRead}})
	_, brief := create(apikey.New{Kind: identity.Secret, Scopes: []string{identity.ScopeTokensRead}, ExpiresIn: time.Hour})
	gone, revoked := create(apikey.New{Kind: identity.Secret, Scopes: []string{identity.ScopeTokensRead}})

	const path = "/auth/introspect"
	ask := func(key string) request { return request{Path: path, Key: key, Body: body("token", "x")} }
	with := func(headers map[string]string) request {
		return request{Path: path, Body: body("token", "x"), Header: headers}
	}
	for name, key := range map[string]string{"a key": reader, "one that will expire": brief, "one that will be revoked": revoked} {
		s.Run(t, []kase{{Name: name, Request: ask(key), Status: 200, Has: []string{`{"active":false}`}}})
	}
	node := s.Node(t)
	node.Do(t, ask(revoked))
	if err := s.App.APIKeys.Revoke(t.Context(), dialecttest.Operator, gone.ID); err != nil {
		t.Fatal(err)
	}

	shut := lookOf(s.Do(t, ask("nonsense")))
	if shut.Status != 401 {
		t.Fatalf("nonsense is answered %d", shut.Status)
	}
	flat := func(name string, s *dialecttest.Server, key string) {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(shut, lookOf(s.Do(t, ask(key)))); diff != "" {
				t.Error(diff)
			}
		})
	}
	flat("revoked", s, revoked)
	s.Clock.Advance(5 * time.Second)
	flat("revoked on another node, five seconds later", node, revoked)
	secret := reader[len("sk_")+21:]
	for name, key := range map[string]string{
		"lower case":                reader[:3] + strings.ToLower(reader[3:]),
		"upper case":                strings.ToUpper(reader),
		"an upper-case prefix":      "SK" + reader[2:],
		"the prefix of another":     "pk" + reader[2:],
		"truncated":                 reader[:len(reader)-1],
		"one character more":        reader + "x",
		"another secret":            strings.TrimSuffix(reader, secret) + s.Secret[len(s.Secret)-len(secret):],
		"another id":                s.Secret[:len(s.Secret)-len(secret)] + secret,
		"the id alone":              reader[:23],
		"the secret alone":          secret,
		"empty":                     " ",
		"a scheme in front":         "Bearer " + reader,
		"a comma and itself":        reader + "," + reader,
		"of another deployment":     elsewhere.Secret,
		"a JavaScript object":       `{"$ne":null}`,
		"an access token":           admin.AccessToken,
		"a key of an unknown id":    "sk_" + strings.Repeat("0", 20) + "_" + strings.Repeat("0", 43),
		"sixty thousand characters": "sk_" + strings.Repeat("0", 60_000),
	} {
		flat(name, s, key)
	}
	s.Clock.Advance(time.Hour - 5*time.Second)
	flat("expired", s, brief)

	s.Run(t, []kase{
		{Name: "the key still opens", Request: ask(reader), Status: 200},
		{Name: "no key", Request: ask(""), Status: 401},
		{Name: "in the query", Request: request{Path: path + "?x-api-key=" + reader + "&apiKey=" + reader + "&key=" + reader, Body: body("token", "x")}, Status: 401},
		{Name: "in the body", Request: request{Path: path, Body: body("token", "x", "apiKey", reader)}, Status: 401},
		{Name: "in a cookie", Request: with(map[string]string{"Cookie": "x-api-key=" + reader}), Status: 401},
		{Name: "as Bearer", Request: with(map[string]string{"Authorization": "Bearer " + reader}), Status: 401},
		{Name: "as ApiKey", Request: with(map[string]string{"Authorization": "ApiKey " + reader}), Status: 401},
		{Name: "in another header", Request: with(map[string]string{"X-Goog-Api-Key": reader, "Api-Key": reader, "X_Api_Key": reader}), Status: 401},
		{Name: "the header twice", Request: with(map[string]string{"X-Api-Key": reader, "x-api-key": reader}), Status: 400, Code: "conflicting_credentials"},
		{Name: "the header twice, once empty", Request: with(map[string]string{"X-Api-Key": reader, "x-api-key": ""}), Status: 400, Code: "conflicting_credentials"},
		{Name: "the wrong scope", Request: request{Path: "/auth/generateInvitationCode", Method: "POST", Key: reader}, Status: 403, Code: "insufficient_scope"},
		{Name: "a publishable key", Request: ask(s.Publishable), Status: 403, Code: "insufficient_scope"},
	})
}

// TestCredentialsMustNotContradictEachOther sends two where one decides, and a bad one beside
// a good one.
func TestCredentialsMustNotContradictEachOther(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	admin := s.NewUser(t, "root@example.com", "admin")
	ada := s.Register(t, "ada@example.com", goodPassword)
	both := func(a, b string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + a, "authorization": "Bearer " + b}
	}
	invite := func(key, token string) request {
		return request{Method: "POST", Path: "/auth/generateInvitationCode", Key: key, Bearer: token}
	}
	s.Run(t, []kase{
		{Name: "one access token", Request: request{Path: "/auth/me", Bearer: ada.AccessToken}, Status: 200},
		{Name: "two access tokens", Request: request{Path: "/auth/me", Header: both(ada.AccessToken, admin.AccessToken)}, Status: 400, Code: "conflicting_credentials"},
		{Name: "the same twice", Request: request{Path: "/auth/me", Header: both(ada.AccessToken, ada.AccessToken)}, Status: 400, Code: "conflicting_credentials"},
		{Name: "nonsense second", Request: request{Path: "/auth/me", Header: both(ada.AccessToken, "x")}, Status: 400, Code: "conflicting_credentials"},
		{Name: "two, where none is asked for", Request: request{Path: "/auth/login", Key: s.Publishable, Header: both("x", "y"), Body: body("email", "ada@example.com", "password", goodPassword)}, Status: 400, Code: "conflicting_credentials"},
		{Name: "an app and its user", Request: request{Path: "/auth/me", Key: s.Publishable, Bearer: ada.AccessToken}, Status: 200},
		{Name: "a good user and an app that is none", Request: request{Path: "/auth/me", Key: "nonsense", Bearer: ada.AccessToken}, Status: 401, Code: "invalid_api_key"},
		{Name: "a good app and a user who is none", Request: request{Path: "/auth/me", Key: s.Secret, Bearer: "nonsense"}, Status: 401, Code: "invalid_token"},
		{Name: "an administrator", Request: invite("", admin.AccessToken), Status: 201},
		{Name: "an administrator in an app", Request: invite(s.Publishable, admin.AccessToken), Status: 201},
		{Name: "a server", Request: invite(s.Secret, ""), Status: 201},
		{Name: "a server and an administrator", Request: invite(s.Secret, admin.AccessToken), Status: 400, Code: "conflicting_credentials"},
		{Name: "a server and a customer", Request: invite(s.Secret, ada.AccessToken), Status: 400, Code: "conflicting_credentials"},
		{Name: "a server and nonsense", Request: invite(s.Secret, "nonsense"), Status: 400, Code: "conflicting_credentials"},
		{Name: "a customer in an app", Request: invite(s.Publishable, ada.AccessToken), Status: 403, Code: "insufficient_scope"},
		{Name: "an app alone", Request: invite(s.Publishable, ""), Status: 403, Code: "insufficient_scope"},
	})
}

// TestATokenOfAnotherDeploymentIsForeign shares the signing key and even the master key.
func TestATokenOfAnotherDeploymentIsForeign(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	for name, env := range map[string]string{
		"another issuer":   "GATEHOUSE_PUBLIC_URL=http://127.0.0.1:8080",
		"another audience": "GATEHOUSE_AUDIENCE=staging",
	} {
		other := start(t, dialecttest.SQLite(t), env)
		if insider(other).kid != insider(s).kid {
			t.Fatal("the two do not share their key")
		}
		a := other.Register(t, "ada@example.com", goodPassword)
		newWall(t, other).admits(t, name+", at home", a.AccessToken)
		newWall(t, s).refuses(t, name, a.AccessToken)
	}
}
