package provider_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
)

// TestWhereProvidersAre holds the addresses to the providers' own documentation: nothing else here
// speaks to the real ones.
func TestWhereProvidersAre(t *testing.T) {
	client, err := outbound.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{ // issuer, authorize, token, user, token info
		"google":    {"https://accounts.google.com", "", "", "", "https://oauth2.googleapis.com/tokeninfo"},
		"microsoft": {"https://login.microsoftonline.com/common/v2.0", "", "", "", ""},
		"github": {
			"", "https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", "https://api.github.com/user",
			"https://api.github.com/applications/the%2Fclient/token",
		},
		"facebook": {
			"", "https://www.facebook.com/dialog/oauth", "https://graph.facebook.com/oauth/access_token", "https://graph.facebook.com/me",
			"https://graph.facebook.com/debug_token",
		},
		"discord": {
			"", "https://discord.com/oauth2/authorize", "https://discord.com/api/v10/oauth2/token", "https://discord.com/api/v10/users/@me",
			"https://discord.com/api/v10/oauth2/@me",
		},
	} {
		p, err := provider.New(provider.Config{Name: name, ClientID: "the/client", ClientSecret: "s"}, client, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.Endpoints()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestGoogleHasTwoNames: tokens of its older libraries have the one without a scheme.
func TestGoogleHasTwoNames(t *testing.T) {
	const google, short = "https://accounts.google.com", "accounts.google.com"
	if !provider.IsGoogle(google, short) || provider.IsGoogle(google, "https://evil.example") || provider.IsGoogle("https://evil.example", short) || provider.IsGoogle(google, "") {
		t.Error("it has others, or not these")
	}
}
