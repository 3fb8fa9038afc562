package provider

import (
	"context"
	"net/url"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// known is what is known of a provider before it is asked: its part of the documentation, with
// what the operator has set in place of it.
type known struct {
	openID       bool
	tellsAll     bool // in its ID tokens, so that its userinfo endpoint is not asked
	issuer       string
	authURL      string
	tokenURL     string
	userinfoURL  string
	tokenInfoURL string
	scopes       []string
	// lookUp returns who a token of a plain OAuth provider is of.
	lookUp func(*Provider, context.Context, string) (identity.Assertion, error)
	// owner returns the subject that an access token is of, once the provider has said that it
	// was made for us; nil where no provider says that.
	owner func(*Provider, context.Context, string) (string, error)
}

// The names of the providers that are known.
const (
	apple     = "apple"
	discord   = "discord"
	facebook  = "facebook"
	github    = "github"
	google    = "google"
	microsoft = "microsoft"
)

// lookKnown returns what is known by a name; every name that is nobody's is an OpenID provider.
func lookKnown(name, clientID string) known {
	profile := []string{"openid", "email", "profile"}
	switch name {
	case google:
		return known{ //nolint:gosec // addresses, not credentials
			openID: true, issuer: "https://accounts.google.com", scopes: profile,
			tokenInfoURL: "https://oauth2.googleapis.com/tokeninfo", owner: (*Provider).googleOwner,
		}
	case microsoft:
		// Its documentation advises against asking the userinfo endpoint, which tells less ("UserInfo endpoint").
		return known{openID: true, tellsAll: true, issuer: "https://login.microsoftonline.com/common/v2.0", scopes: profile}
	case apple:
		return known{openID: true, issuer: "https://appleid.apple.com", scopes: []string{"openid", "email"}} // a name comes beside the token, and anybody could write it
	case github:
		return known{ //nolint:gosec // likewise
			authURL: "https://github.com/login/oauth/authorize", tokenURL: "https://github.com/login/oauth/access_token",
			userinfoURL: "https://api.github.com/user", tokenInfoURL: "https://api.github.com/applications/" + url.PathEscape(clientID) + "/token",
			scopes: []string{"read:user", "user:email"}, lookUp: (*Provider).githubUser, owner: (*Provider).githubOwner,
		}
	case facebook:
		return known{ //nolint:gosec // likewise; without a version it is the oldest that the application still has
			authURL: "https://www.facebook.com/dialog/oauth", tokenURL: "https://graph.facebook.com/oauth/access_token",
			userinfoURL: "https://graph.facebook.com/me", tokenInfoURL: "https://graph.facebook.com/debug_token",
			scopes: []string{"email", "public_profile"}, lookUp: (*Provider).facebookUser, owner: (*Provider).facebookOwner,
		}
	case discord:
		return known{ //nolint:gosec // likewise; without a version it is one that is deprecated
			authURL: "https://discord.com/oauth2/authorize", tokenURL: "https://discord.com/api/v10/oauth2/token",
			userinfoURL: "https://discord.com/api/v10/users/@me", tokenInfoURL: "https://discord.com/api/v10/oauth2/@me",
			scopes: []string{"identify", "email"}, lookUp: (*Provider).discordUser, owner: (*Provider).discordOwner,
		}
	}
	return known{openID: true, scopes: profile}
}

// with returns k with what the operator has set in place of it.
func (k known) with(c Config) known {
	for _, of := range []struct {
		field *string
		set   string
	}{{&k.issuer, c.Issuer}, {&k.authURL, c.AuthURL}, {&k.tokenURL, c.TokenURL}, {&k.userinfoURL, c.UserinfoURL}, {&k.tokenInfoURL, c.TokenInfoURL}} {
		if of.set != "" {
			*of.field = of.set
		}
	}
	if len(c.Scopes) > 0 {
		k.scopes = c.Scopes
	}
	return k
}
