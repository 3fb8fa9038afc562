package flowless_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const ownHost = "GATEHOUSE_FLOWLESS=" + dialecttest.FlowlessHost + ",/flowless"

func TestAnApplicationWorksAtAHostOfTheDialectsOwn(t *testing.T) {
	for _, st := range styles() {
		t.Run(st.name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				throughAnAccount(t, open, st, 1, dialecttest.FlowlessHost, ownHost)
			})
		})
	}
}

// TestAHostOfItsOwnServesTheDialectAndNothingElse looks at what is where.
func TestAHostOfItsOwnServesTheDialectAndNothingElse(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), ownHost)
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	native := s.Login(t, ada.Email, ada.Password)
	const host = dialecttest.FlowlessHost
	there := func(q dialecttest.Request) dialecttest.Request { q.Host = host; return q }
	var cases []dialecttest.Case
	for _, q := range []dialecttest.Request{
		{Path: "/auth/refreshToken", Body: `{}`}, {Path: "/auth/changePassword", Body: `{}`}, {Path: "/auth/generateInvitationCode", Key: s.Secret, Body: `{}`},
		{Path: "/auth/sessions", Bearer: native.AccessToken}, {Path: "/auth/introspect", Key: s.Secret, Body: `{"token":"x"}`}, {Path: "/auth/thirdPartySignIn"},
		{Path: "/.well-known/jwks.json"}, {Path: "/.well-known/openid-configuration"}, {Path: "/openapi.json"}, {Path: "/docs"}, {Path: "/client.js"}, {Path: "/signin"},
		{Path: "/flowless/auth/me", ID: ada.ID}, {Path: "/"}, {Path: "/auth"}, {Path: "/nothing"}, {Path: "/auth/me/", ID: ada.ID}, {Path: "/AUTH/me", ID: ada.ID},
	} {
		cases = append(cases, dialecttest.Case{Name: "not there: " + q.Path, Request: there(q), Status: 404, Code: "NOT_FOUND"})
	}
	for _, name := range []string{host, strings.ToUpper(host), host + ":8443", host + ".", "Flowless.Test.:80"} {
		cases = append(cases, dialecttest.Case{Name: "at " + name, Request: dialecttest.Request{Path: "/auth/validation", ID: ada.ID, Host: name}, Status: 200, Has: []string{ada.UserID}})
	}
	s.Run(t, append(cases, []dialecttest.Case{
		{Name: "health", Request: there(dialecttest.Request{Path: "/health"}), Status: 200, Has: []string{`"success":true`}},
		{Name: "health below the path", Request: dialecttest.Request{Path: "/flowless/health"}, Status: 200, Has: []string{`"success":true`}},
		{Name: "me", Request: there(dialecttest.Request{Path: "/auth/me", ID: ada.ID}), Status: 200, Has: []string{ada.Email}},
		{Name: "me below the path", Request: dialecttest.Request{Path: "/flowless/auth/me", ID: ada.ID}, Status: 200, Has: []string{ada.Email}},
		{Name: "me by an access token", Request: there(dialecttest.Request{Path: "/auth/me", Bearer: native.AccessToken}), Status: 401, Code: "SESSION_REQUIRED"},
		{Name: "another method", Request: there(dialecttest.Request{Method: "PATCH", Path: "/auth/me", ID: ada.ID}), Status: 405, Code: "METHOD_NOT_ALLOWED"},
		{Name: "a path that can be read in two ways", Request: there(dialecttest.Request{Path: "/auth//me", ID: ada.ID}), Status: 400, Code: "INVALID_PATH"},
		{Name: "the same below the path", Request: dialecttest.Request{Path: "/flowless/auth//me", ID: ada.ID}, Status: 400, Code: "INVALID_PATH"},
		{Name: "the main host's own me", Request: dialecttest.Request{Path: "/auth/me", Bearer: native.AccessToken}, Status: 200},
		{Name: "the main host takes no session ids", Request: dialecttest.Request{Path: "/auth/me", ID: ada.ID}, Status: 401},
		{Name: "the main host's key set", Request: dialecttest.Request{Path: "/.well-known/jwks.json"}, Status: 200},
		{Name: "a header names no host", Request: dialecttest.Request{Path: "/auth/me", ID: ada.ID, Header: map[string]string{
			"X-Forwarded-Host": host, "Forwarded": "host=" + host, "X-Host": host, "X-Original-Host": host,
		}}, Status: 401},
	}...))
	for base, path := range map[string]string{"": "/", "/flowless": "/flowless"} {
		q := dialecttest.Request{Path: base + "/auth/login", Body: dialecttest.JSON(map[string]string{"email": ada.Email, "password": ada.Password})}
		if base == "" {
			q = there(q)
		}
		if set := cookie(t, s.Do(t, q)); set.Path != path || set.Domain != "" {
			t.Errorf("the cookie is set at %q of %q, want %q", set.Path, set.Domain, path)
		}
	}
}
