package identity

import "time"

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
