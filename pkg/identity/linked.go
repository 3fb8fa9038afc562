package identity

import (
	"slices"
	"time"
)

// Assertion is what an identity provider has just proved about somebody (OpenID Connect Core
// section 2): who they are there, and what the provider says of them.
type Assertion struct {
	Provider string // the name that the provider is configured by, such as "google"
	Subject  string // who it is there; never given to another
	Email    string // as the provider has it; empty when it has none or does not tell
	// EmailVerified says that the provider has seen its user read mail at Email, and that its
	// word is good enough to find an account by it.
	EmailVerified bool
	Name          string // what to call them; may be empty
	Picture       string // an https URL; may be empty
}

// Identifier returns the name under which the asserted identity is unique.
func (a Assertion) Identifier() Identifier {
	return Identifier{Kind: LinkedIdentifier, Value: a.Provider + ":" + a.Subject}
}

// LinkedIdentity is an identity at a provider by which a user signs in. What it says beside
// Provider and Subject is what the provider said last.
type LinkedIdentity struct {
	Provider  string    `json:"provider"`
	Subject   string    `json:"subject"`
	Email     string    `json:"email,omitempty"`
	Name      string    `json:"name,omitempty"`
	Picture   string    `json:"picture,omitempty"` // an https URL elsewhere; nobody here fetches it
	LinkedAt  time.Time `json:"linked_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Identifier returns the name under which the linked identity is unique.
func (l LinkedIdentity) Identifier() Identifier {
	return Assertion{Provider: l.Provider, Subject: l.Subject}.Identifier()
}

// LinkedAt returns the identity at a provider by which u signs in.
func (u User) LinkedAt(provider string) (LinkedIdentity, bool) {
	for _, l := range u.Linked {
		if l.Provider == provider {
			return l, true
		}
	}
	return LinkedIdentity{}, false
}

// IsLinked reports whether u signs in by exactly the identity that a is about.
func (u User) IsLinked(a Assertion) bool {
	l, ok := u.LinkedAt(a.Provider)
	return ok && l.Subject == a.Subject
}

// AddLinked makes what a is about the one identity at its provider by which u signs in, with what
// the provider says of it now.
func (u *User) AddLinked(a Assertion, now time.Time) {
	next := LinkedIdentity{
		Provider: a.Provider, Subject: a.Subject, Email: a.Email, Name: a.Name, Picture: a.Picture, LinkedAt: now, UpdatedAt: now,
	}
	if old, ok := u.LinkedAt(a.Provider); ok && old.Subject == a.Subject {
		next.LinkedAt = old.LinkedAt
	}
	u.DropLinked(a.Provider)
	u.Linked = append(u.Linked, next)
	u.Identifiers = append(u.Identifiers, next.Identifier())
}

// DropLinked takes from u its identities at these providers; without any it takes all.
func (u *User) DropLinked(providers ...string) {
	kept := make([]LinkedIdentity, 0, len(u.Linked)+1)
	names := make([]Identifier, 0, len(u.Identifiers)+1)
	for _, l := range u.Linked {
		if len(providers) > 0 && !slices.Contains(providers, l.Provider) {
			kept = append(kept, l)
		}
	}
	for _, id := range u.Identifiers {
		held := func(l LinkedIdentity) bool { return l.Identifier() == id }
		if id.Kind != LinkedIdentifier || slices.ContainsFunc(kept, held) {
			names = append(names, id)
		}
	}
	u.Linked, u.Identifiers = kept, names
}
