package pages_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// TestAProviderIsOfferedWhereverSomebodyMayComeIn, by a form where a code goes along.
func TestAProviderIsOfferedWhereverSomebodyMayComeIn(t *testing.T) {
	const (
		byLink = `<a class="button second" href="/auth/social/google/login">Continue with Google</a>`
		byForm = `<button type="submit" class="second" formaction="/auth/social/google/login">Continue with Google</button>`
	)
	there := providertest.Start(t, "google", providertest.User{Subject: "1", Email: "a@example.com", Verified: true})
	for _, c := range []struct {
		name, policy, path string
		offer              string
	}{
		{"to sign in, always", "invite", mail.SignInPath, byLink},
		{"to sign up, where anybody may", "open", mail.SignUpPath, byLink},
		{"to who brings an invitation", "open", mail.SignUpPath + "?invitationCode=iv_x", byForm},
		{"to who brings the invitation that is needed", "invite", mail.SignUpPath + "?invitationCode=iv_x", byForm},
		{"to who may enter one", "invite", mail.SignUpPath, byForm},
		{"not where nobody signs up", "closed", mail.SignUpPath, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: append(there.Env(), "GATEHOUSE_REGISTRATION="+c.policy)})
			r := s.Do(t, dialecttest.Request{Path: c.path})
			if strings.Count(r.Body, "Continue with Google") != min(1, len(c.offer)) || !strings.Contains(r.Body, c.offer) {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
	}
}
