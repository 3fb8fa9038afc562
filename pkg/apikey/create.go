package apikey

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const (
	maxName   = 64 // characters
	maxExpiry = 10 * 365 * 24 * time.Hour

	eventCreated = "api_key_created"
)

// New is what a caller says of a key to be made.
type New struct {
	Name      string           // of the app: 1 to 64 printable characters
	Kind      identity.KeyKind // publishable or secret
	Scopes    []string         // of identity.AllScopes; for a secret key at least one, for a publishable none
	ExpiresIn time.Duration    // at most ten years; zero means never
}

// Create makes a key and returns it, without its hash, with the credential, which is kept
// nowhere and cannot be shown again. It records api_key_created. The error is Invalid with
// the fields name, kind, scopes and expiresIn, or the store's.
func (s *Service) Create(ctx context.Context, by identity.Actor, n New) (identity.APIKey, string, error) {
	prefix, err := n.check()
	if err != nil {
		return identity.APIKey{}, "", err
	}
	now := s.millis()
	credential := opaque.New(prefix)
	k := identity.APIKey{
		ID: credential.ID, Name: n.Name, Kind: n.Kind, Hash: credential.Hash(),
		Scopes: slices.Compact(slices.Sorted(slices.Values(n.Scopes))), CreatedAt: now,
	}
	if n.ExpiresIn > 0 {
		k.ExpiresAt = now.Add(n.ExpiresIn).Truncate(time.Millisecond)
	}
	e := event(eventCreated, by, k.ID, now)
	e.Detail = map[string]string{"name": k.Name, "kind": string(k.Kind), "scopes": strings.Join(k.Scopes, " ")}
	if err := s.Store.CreateAPIKey(ctx, k, s.Audit(e)); err != nil {
		return identity.APIKey{}, "", wrap("create", err)
	}
	s.mu.Lock()
	s.cache.meet([]identity.APIKey{k})
	s.mu.Unlock()
	k.Hash = nil
	return k, credential.String(), nil
}

// check returns the prefix of the credential, or everything that is wrong.
func (n New) check() (prefix string, err error) {
	var bad []fault.Field
	refuse := func(field, code, message string) {
		bad = append(bad, fault.Field{Field: field, Code: code, Message: message})
	}
	if !validName(n.Name) {
		refuse("name", "invalid", "must be 1 to 64 printable characters, without spaces around them")
	}
	switch n.Kind {
	case identity.Publishable:
		prefix = publishablePrefix
		if len(n.Scopes) > 0 {
			refuse("scopes", "not_allowed", "a publishable key has no scopes")
		}
	case identity.Secret:
		prefix = secretPrefix
		if len(n.Scopes) == 0 {
			refuse("scopes", "required", "a secret key needs at least one scope")
		}
	default:
		refuse("kind", "invalid", "must be publishable or secret")
	}
	all := identity.AllScopes()
	if slices.ContainsFunc(n.Scopes, func(scope string) bool { return !slices.Contains(all, scope) }) {
		refuse("scopes", "unknown_value", "must be of "+strings.Join(all, ", "))
	}
	if n.ExpiresIn < 0 || n.ExpiresIn > maxExpiry {
		refuse("expiresIn", "out_of_range", "must be positive and at most ten years")
	}
	if len(bad) > 0 {
		return "", fault.InvalidFields(bad...)
	}
	return prefix, nil
}

func validName(s string) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= 1 && n <= maxName && s == strings.TrimSpace(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
