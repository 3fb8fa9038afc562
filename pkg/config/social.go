package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Social is one identity provider that people may sign in with. Its variables are
// GATEHOUSE_SOCIAL_<NAME>_<PART>; the names google, microsoft, apple, github, facebook and discord
// stand for those providers, and every other one for an OpenID provider.
type Social struct {
	// Name is <NAME> in lower case.
	Name string
	// ClientID is who the operator's application is at the provider; never empty.
	ClientID string
	// ClientSecret proves it: a secret, or for apple a P-256 private key as PEM; never empty.
	ClientSecret Secret
	// Scopes are what is asked for; none means what the provider needs to tell who somebody is.
	Scopes []string
	// Issuer is the provider's name for itself, as OpenID Connect Discovery has it; empty only
	// where a name stands for one. It and the URLs are https, or http to a loopback address.
	Issuer string
	// AuthURL, TokenURL and UserinfoURL stand in for the provider's endpoints; empty means those
	// it is known to have, or says that it has.
	AuthURL     string
	TokenURL    string
	UserinfoURL string
	// TokenInfoURL is where an access token proves whom it was made for, where a provider has that.
	TokenInfoURL string
	// TeamID and KeyID say whose key ClientSecret is, for apple only.
	TeamID string
	KeyID  string
	// MobileClientIDs are further client ids whose ID tokens apps may send.
	MobileClientIDs []string
}

// URLs returns the URLs that the operator has given of the provider.
func (s Social) URLs() []string {
	all := []string{s.Issuer, s.AuthURL, s.TokenURL, s.UserinfoURL, s.TokenInfoURL}
	return slices.DeleteFunc(all, func(u string) bool { return u == "" })
}

const socialPrefix = "SOCIAL_"

// socialName is the form of <NAME>; what follows the underscore behind it is the part.
var socialName = regexp.MustCompile(`^[A-Z0-9]{1,24}$`)

// notSocial are words that stand where a name does in the paths of sign-in.
var notSocial = []string{"callback", "providers", "accounts"}

// settings returns the variables of one provider, in the order they are shown in.
func (s *Social) settings() []setting {
	part := func(name string, v value, p privacy, meaning string) setting {
		return setting{socialPrefix + strings.ToUpper(s.Name) + "_" + name, "", v, p, meaning}
	}
	return []setting{
		part("CLIENT_ID", in(&s.ClientID, optional(word)), open, "who this service is at the provider"),
		part("CLIENT_SECRET", in(&s.ClientSecret, anySecret), secret, "what proves it; of apple the private key, as PEM"),
		part("SCOPES", in(&s.Scopes, scopes), open, "what to ask the provider for; what it takes to sign in when unset"),
		part("ISSUER", in(&s.Issuer, optional(issuer)), open, "the issuer of an OpenID provider"),
		part("AUTH_URL", in(&s.AuthURL, optional(endpoint)), open, "where browsers are sent, instead of what the provider says"),
		part("TOKEN_URL", in(&s.TokenURL, optional(endpoint)), open, "where codes are redeemed, likewise"),
		part("USERINFO_URL", in(&s.UserinfoURL, optional(endpoint)), open, "where users are looked up, likewise"),
		part("TOKEN_INFO_URL", in(&s.TokenInfoURL, optional(endpoint)), open, "where access tokens are checked, likewise"),
		part("TEAM_ID", in(&s.TeamID, optional(word)), open, "the team of the key, for apple"),
		part("KEY_ID", in(&s.KeyID, optional(word)), open, "the id of the key, for apple"),
		part("MOBILE_CLIENT_IDS", in(&s.MobileClientIDs, list(word)), open, "client ids of apps whose ID tokens are taken, comma separated"),
	}
}

// socials returns what is to be filled from v: one Social for every name of which anything is
// given, sorted. Empty variables are dropped, so that a template may leave a provider out.
func (v variables) socials() []Social {
	var names, known []string
	for _, s := range new(Social).settings() {
		part := strings.TrimPrefix(s.name, socialPrefix)
		known = append(known, part, part+"_FILE")
	}
	for full, text := range v {
		rest, ours := strings.CutPrefix(full, Prefix+socialPrefix)
		name, _, _ := strings.Cut(rest, "_")
		switch {
		case !ours || refuseSocial(name) != "":
		case text == "" && slices.Contains(known, strings.TrimPrefix(rest, name)):
			delete(v, full)
		default:
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	var out []Social
	for _, name := range slices.Compact(names) {
		out = append(out, Social{Name: name})
	}
	return out
}

// refuseSocial returns what is wrong with a <NAME>, or nothing.
func refuseSocial(name string) string {
	switch {
	case !socialName.MatchString(name):
		return "want " + Prefix + socialPrefix + "<NAME>_<PART>, with a name of at most 24 capital letters and digits"
	case slices.Contains(notSocial, strings.ToLower(name)):
		return "want another name than " + choice(notSocial) + ": paths of sign-in have them"
	}
	return ""
}

var (
	anySecret = textual[Secret](func(string) error { return nil })
	issuer    = textual[string](func(s string) error {
		if checkEndpoint(s) != nil || strings.ContainsAny(s, "?") {
			return errors.New("the issuer exactly as the provider writes it: https (http is for loopback addresses only), without a query")
		}
		return nil
	})
	endpoint = textual[string](checkEndpoint)

	// scopes are separated by commas or spaces (RFC 6749 section 3.3).
	scopes = kind[[]string]{
		parse: func(s string) ([]string, error) {
			if strings.Trim(s, " ,") == "" {
				return nil, nil
			}
			out := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
			if slices.ContainsFunc(out, func(scope string) bool {
				return strings.ContainsFunc(scope, func(r rune) bool { return r < '!' || r > '~' || r == '"' || r == '\\' })
			}) {
				return nil, errors.New("scopes such as openid,email,profile")
			}
			return out, nil
		},
		format: func(v []string) string { return strings.Join(v, ",") },
	}
)

func checkEndpoint(s string) error {
	want := errors.New("a URL with https (http is for loopback addresses only), and no user or fragment")
	u, err := url.Parse(s)
	switch {
	case err != nil || !isHost(u.Hostname()) || !isPort(u) || u.User != nil || strings.Contains(s, "#"):
		return want
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return want
	}
	return nil
}

// isSigningKey reports whether text is what Apple gives to sign client secrets with.
func isSigningKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	return err == nil && ok && key.Curve == elliptic.P256()
}
