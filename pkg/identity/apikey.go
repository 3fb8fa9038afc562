package identity

import (
	"slices"
	"time"
)

// KeyKind says what an API key may be used for.
type KeyKind string

// The kinds of API keys.
const (
	// Publishable names an app; it may stand in a web page and opens the public flows only.
	Publishable KeyKind = "publishable"
	// Secret authenticates a server, within its scopes.
	Secret KeyKind = "secret"
)

// Scopes of secret API keys.
const (
	ScopeUsersRead        = "users:read"
	ScopeUsersWrite       = "users:write"
	ScopeInvitationsWrite = "invitations:write"
	ScopeTokensRead       = "tokens:read"
	ScopeTokensWrite      = "tokens:write"
)

// AllScopes returns every scope a secret key can have.
func AllScopes() []string {
	return []string{ScopeUsersRead, ScopeUsersWrite, ScopeInvitationsWrite, ScopeTokensRead, ScopeTokensWrite}
}

// APIKey is one credential of a calling application. Keys with one name belong to one app:
// two of them live side by side while the app changes from one to the other.
type APIKey struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Kind       KeyKind   `json:"kind"`
	Hash       []byte    `json:"hash"`
	Scopes     []string  `json:"scopes"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"` // zero means never
	RevokedAt  time.Time `json:"revoked_at"` // zero while it is not
	LastUsedAt time.Time `json:"last_used_at"`
}

// Live reports whether the key opens anything at now.
func (k APIKey) Live(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Has reports whether the key is a secret key with the scope.
func (k APIKey) Has(scope string) bool { return k.Kind == Secret && slices.Contains(k.Scopes, scope) }
