package config

import (
	"slices"
	"strings"
)

// The providers that a name stands for.
var (
	knownOpenID = []string{"apple", "google", "microsoft"}
	knownOAuth  = []string{"discord", "facebook", "github"}
	// tellAudience are those that say whom an access token was made for.
	tellAudience = append([]string{"google"}, knownOAuth...)
)

// socialRules returns what the parts of each provider need of each other.
func (c *Config) socialRules() []rule {
	var out []rule
	for i := range c.Social {
		out = append(out, c.Social[i].rules()...)
	}
	return out
}

func (s *Social) rules() []rule {
	apple, oauth := s.Name == "apple", slices.Contains(knownOAuth, s.Name)
	named := oauth || slices.Contains(knownOpenID, s.Name)
	var out []rule
	add := func(broken bool, part, want string) {
		out = append(out, rule{broken: broken, name: socialPrefix + strings.ToUpper(s.Name) + "_" + part, want: want})
	}
	add(s.ClientID == "", "CLIENT_ID", "it set, because others of this provider are")
	add(s.ClientSecret == "", "CLIENT_SECRET", "it or its _FILE set, because others of this provider are")
	add(s.Issuer == "" && !named, "ISSUER", "it set: the name stands for none of "+choice(append(slices.Clone(knownOpenID), knownOAuth...)))
	add(s.Issuer != "" && oauth, "ISSUER", "it unset: this is no OpenID provider; the _URL variables point it elsewhere")
	add(s.TokenInfoURL != "" && !slices.Contains(tellAudience, s.Name), "TOKEN_INFO_URL", "it unset: only "+choice(tellAudience)+" say whom an access token was made for")
	add(len(s.MobileClientIDs) > 0 && oauth, "MOBILE_CLIENT_IDS", "it unset: this provider makes no ID tokens")
	for _, of := range []struct{ part, text string }{{"TEAM_ID", s.TeamID}, {"KEY_ID", s.KeyID}} {
		add(of.text == "" && apple, of.part, "it set: it is part of the secret that Apple asks for")
		add(of.text != "" && !apple, of.part, "it unset: it is for apple only")
	}
	add(apple && s.ClientSecret != "" && !isSigningKey(s.ClientSecret.Reveal()), "CLIENT_SECRET", "the private key that Apple gave for "+Prefix+"SOCIAL_APPLE_KEY_ID, as PEM")
	return out
}
