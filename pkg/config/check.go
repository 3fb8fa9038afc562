package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// rule is a condition over several settings, or over one that must have been set.
type rule struct {
	broken bool
	name   string   // the setting to change
	with   []string // the other settings it depends on
	want   string
}

// contradictions returns what is wrong between settings that are right by themselves. A rule
// that touches a bad setting is skipped: its value is not the operator's.
func (c *Config) contradictions(bad map[string]bool) []Problem {
	var problems []Problem
	shown := map[string]string{}
	for _, s := range c.all() {
		shown[s.name] = s.show(s.value.String())
	}
	for _, r := range append(c.rules(), c.socialRules()...) {
		if r.broken && !bad[r.name] && !slices.ContainsFunc(r.with, func(n string) bool { return bad[n] }) {
			problems = append(problems, Problem{Name: Prefix + r.name, Value: shown[r.name], Detail: "want " + r.want})
		}
	}
	return problems
}

func (c *Config) rules() []rule {
	return []rule{
		{
			// A deployment that forgot its name would issue tokens any other could mistake for
			// its own (ASVS 9.2.3).
			broken: !c.given["PUBLIC_URL"] && !isLoopback(hostOf(c.Listen)), name: "PUBLIC_URL", with: []string{"LISTEN"},
			want: "it set to what clients see: " + Prefix + "LISTEN is not a loopback address",
		},
		{
			broken: !c.allowsAppURL(), name: "APP_URL", with: []string{"PUBLIC_URL", "CORS_ORIGINS"},
			want: "a path, or a URL whose origin is " + Prefix + "PUBLIC_URL or one of " + Prefix + "CORS_ORIGINS",
		},
		{
			broken: slices.ContainsFunc(c.Flowless, c.shadows), name: "FLOWLESS", with: []string{"PUBLIC_URL"},
			want: "other host names than that of " + Prefix + "PUBLIC_URL: nothing else would be served there; use a path",
		},
		{
			broken: slices.ContainsFunc(c.Arguflow, c.shadows), name: "ARGUFLOW", with: []string{"PUBLIC_URL"},
			want: "other host names than that of " + Prefix + "PUBLIC_URL: nothing else would be served there; use a path",
		},
		{
			broken: slices.ContainsFunc(c.Arguflow, func(m Mount) bool { return slices.Contains(c.Flowless, m) }), name: "ARGUFLOW", with: []string{"FLOWLESS"},
			want: "another place than " + Prefix + "FLOWLESS",
		},
		{
			broken: strings.HasPrefix(c.ArguflowCookie, "__") && !strings.HasPrefix(c.PublicURL, "https:"), name: "ARGUFLOW_COOKIE", with: []string{"PUBLIC_URL"},
			want: "a name without a prefix: browsers take __Host- and __Secure- by https only, and " + Prefix + "PUBLIC_URL is http",
		},
		{
			broken: c.AdminListen == c.Listen && !strings.HasSuffix(c.Listen, ":0"), name: "ADMIN_LISTEN", with: []string{"LISTEN"},
			want: "another address than " + Prefix + "LISTEN",
		},
		{
			broken: c.leaksPassword(), name: "MAIL",
			want: "TLS, because a password goes to another machine",
		},
		{
			broken: c.leaksMail() && !c.leaksPassword(), name: "MAIL", with: []string{"MAIL_PLAINTEXT"},
			want: "TLS, or " + Prefix + "MAIL_PLAINTEXT=true when the network to the mail server keeps others out",
		},
		{
			broken: c.SessionIdle > c.SessionMax, name: "SESSION_IDLE", with: []string{"SESSION_MAX"},
			want: fmt.Sprintf("at most %sSESSION_MAX, which is %s", Prefix, short(c.SessionMax)),
		},
		{
			broken: c.KeyLead < 2*c.JWKSMaxAge, name: "KEY_LEAD", with: []string{"JWKS_MAX_AGE"},
			want: fmt.Sprintf("at least twice %sJWKS_MAX_AGE, which is %s", Prefix, short(c.JWKSMaxAge)),
		},
		{
			broken: c.KeyRotation < c.KeyLead, name: "KEY_ROTATION", with: []string{"KEY_LEAD"},
			want: fmt.Sprintf("at least %sKEY_LEAD, which is %s", Prefix, short(c.KeyLead)),
		},
	}
}

// allowsAppURL reports whether the browser stays at an origin the operator has named.
func (c *Config) allowsAppURL() bool {
	u, err := url.Parse(c.AppURL)
	if err != nil {
		return false
	}
	where := u.Scheme + "://" + u.Host
	return u.Host == "" || where == c.PublicURL || slices.Contains(c.CORSOrigins, where)
}

// shadows reports whether a mount would take the host name that everything else is served at.
func (c *Config) shadows(m Mount) bool {
	u, err := url.Parse(c.PublicURL)
	return err == nil && m.Host == strings.ToLower(u.Hostname())
}

// Warnings returns what an operator should hear at every start: settings that are allowed and
// give protection away. Each is one sentence that names the variable.
func (c Config) Warnings() []string {
	var out []string
	for _, w := range []struct {
		given bool
		text  string
	}{
		{!c.RateLimit, "RATE_LIMIT is off: guessing passwords and codes is not slowed down"},
		{c.ArguflowInviters == "anyone" && c.Registration == "invite" && len(c.Arguflow) > 0, "ARGUFLOW_INVITERS is anyone while REGISTRATION is invite: anybody may invite themselves"},
		{c.MongoStandalone, "MONGO_STANDALONE is true: a MongoDB that is no replica set can lose acknowledged writes"},
		{c.AdminListen != "" && !isLoopback(hostOf(c.AdminListen)), "ADMIN_LISTEN is not a loopback address: metrics and profiles need a network that keeps others out"},
		{c.Carrier().By == ByLog && (c.RequireVerifiedEmail || !isLoopback(hostOf(c.Listen))), "MAIL is log: and nobody gets mail: no address can be verified and no password reset"},
		{c.Carrier().TLS == NoTLS && !isLoopback(c.Carrier().Host), "MAIL_PLAINTEXT is true: one-time links travel to the mail server in the clear"},
		{strings.HasPrefix(c.PublicURL, "http:") && !isLoopback(hostOf(c.Listen)), "PUBLIC_URL is http while LISTEN is not a loopback address: credentials travel in the clear"},
	} {
		if w.given {
			out = append(out, Prefix+w.text)
		}
	}
	return out
}
