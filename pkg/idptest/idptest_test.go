package idptest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

func TestAServerInOneLine(t *testing.T) {
	idp := idptest.Start(t)
	v, err := verify.New(t.Context(), idp.URL, verify.Audience(idp.Audience))
	if err != nil {
		t.Fatal(err)
	}
	ada := idp.User(t, "ada@example.com")
	got, err := v.Verify(t.Context(), ada.AccessToken)
	if err != nil || got.Subject != ada.LocalID || got.Email != "ada@example.com" || !got.EmailVerified || got.UserType != "customer" {
		t.Errorf("got %+v (%v)", got, err)
	}
	again := idp.User(t, "ada@example.com")
	if again.LocalID != ada.LocalID || again.AccessToken == ada.AccessToken {
		t.Error("signing in again is not a second session of one account")
	}
	if next := idp.Refresh(t, ada); next.LocalID != ada.LocalID || next.RefreshToken == ada.RefreshToken {
		t.Error("the session was not renewed")
	}
	if admin, err := v.Verify(t.Context(), idp.UserOfType(t, "root@example.com", "admin").AccessToken); err != nil || admin.UserType != "admin" {
		t.Errorf("got %+v (%v)", admin, err)
	}
}

func TestATokenSaysWhatIsAskedFor(t *testing.T) {
	idp := idptest.Start(t, "GATEHOUSE_AUDIENCE=orders")
	v, err := verify.New(t.Context(), idp.URL, verify.Audience("orders"), verify.Clock(idp.Now))
	if err != nil {
		t.Fatal(err)
	}
	raw := idp.Token(t, idptest.Claims{Subject: "u1", UserType: "admin", Lifetime: time.Minute, Custom: map[string]any{"plan": "pro"}})
	c, err := v.Verify(t.Context(), raw, verify.RequireClaim("plan", "pro"), verify.RequireUserType("admin"))
	if err != nil || c.Subject != "u1" || c.ExpiresAt.Sub(c.IssuedAt) != time.Minute {
		t.Errorf("got %+v (%v)", c, err)
	}
	idp.Advance(time.Minute + 31*time.Second)
	if _, err := v.Verify(t.Context(), raw); err == nil {
		t.Error("it does not expire")
	}
	if _, err := v.Verify(t.Context(), idp.Token(t, idptest.Claims{})); err != nil {
		t.Errorf("a token of the advanced clock: %v", err)
	}
}

func TestServersAreStrangers(t *testing.T) {
	a, b := idptest.Start(t), idptest.Start(t)
	v, err := verify.New(t.Context(), a.URL, verify.Audience(a.Audience))
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"its own token":        b.Token(t, idptest.Claims{}),
		"one in other's name":  b.Token(t, idptest.Claims{Issuer: a.URL}),
		"an account's token":   b.User(t, "ada@example.com").AccessToken,
		"the other's audience": a.Token(t, idptest.Claims{Audience: b.URL}),
	} {
		if _, err := v.Verify(t.Context(), raw); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	idp := idptest.Start(t)
	ada := idp.User(t, "ada@example.com")
	me := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, idp.URL+"/auth/me", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+ada.AccessToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := me(); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	idp.SignOut(t, ada)
	if got := me(); got != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", got)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		idptest.Start(b)
	}
}
