package pages_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// TestAProviderIsOfferedWhereItLetsANewcomerIn: an invitation does not go along to a provider.
func TestAProviderIsOfferedWhereItLetsANewcomerIn(t *testing.T) {
	there := providertest.Start(t, "google", providertest.User{Subject: "1", Email: "a@example.com", Verified: true})
	for _, c := range []struct {
		name, policy, path string
		offered            bool
	}{
		{"to sign in, always", "invite", mail.SignInPath, true},
		{"to sign up, where anybody may", "open", mail.SignUpPath, true},
		{"not to who brings an invitation", "open", mail.SignUpPath + "?invitationCode=iv_x", false},
		{"not where an invitation is needed", "invite", mail.SignUpPath, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: append(there.Env(), "GATEHOUSE_REGISTRATION="+c.policy)})
			r := s.Do(t, dialecttest.Request{Path: c.path})
			if got := strings.Contains(r.Body, "Continue with Google"); r.Status != 200 || got != c.offered {
				t.Errorf("%d, offered: %v", r.Status, got)
			}
		})
	}
}
