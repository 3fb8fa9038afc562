package idptest

import (
	"cmp"
	"encoding/json"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// Claims is what a token of Token's is to say. What is left zero is what a token of a customer
// who has just signed in would say.
type Claims struct {
	Subject  string
	Email    string
	Name     string
	UserType string
	Issuer   string
	Audience string
	IssuedAt time.Time
	Lifetime time.Duration  // an hour; to have an expired token, put IssuedAt back
	Custom   map[string]any // names that are not reserved; 1000 bytes of JSON at most
}

// Token returns an access token that says what you want, signed with the server's key, without
// an account or a session: offline verification takes it, introspection does not.
func (s *Server) Token(t testing.TB, c Claims) string {
	t.Helper()
	issued := cmp.Or(c.IssuedAt, s.Now())
	said := token.Claims{
		Issuer: cmp.Or(c.Issuer, s.URL), Subject: cmp.Or(c.Subject, opaque.Random(identity.UserIDLength)),
		Audience: []string{cmp.Or(c.Audience, s.Audience)}, IssuedAt: issued, ExpiresAt: issued.Add(cmp.Or(c.Lifetime, time.Hour)),
		ID: opaque.Random(20), SessionID: "ses_" + opaque.Random(20), AuthTime: issued, AMR: []string{"pwd"},
		Email: cmp.Or(c.Email, "ada@example.com"), EmailVerified: true, Name: c.Name, UserType: cmp.Or(c.UserType, identity.Customer),
	}
	if c.Custom != nil {
		raw, err := json.Marshal(c.Custom)
		if err != nil {
			t.Fatal(err)
		}
		said.Custom = raw
	}
	kid, key := s.app.Keys.Signer()
	raw, err := token.NewMinter().Mint(t.Context(), kid, key, said)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
