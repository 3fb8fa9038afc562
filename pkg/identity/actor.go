package identity

// Actor is who asks for something, as far as their credentials have proved it. The zero
// Actor is nobody.
type Actor struct {
	User    *User    // signed in with Session; nil otherwise
	Session *Session // the session of User
	Key     *APIKey  // the calling application; may stand beside User
	Bridge  bool     // a server that knows a bridge secret
	CLI     bool     // somebody with access to the store itself
	Client  Client   // where the request came from; for a server, whom it says it speaks for
	Peer    string   // the address that a server itself has; empty for everybody else
	// HoldsID says that the caller holds a session by its id, as dialects without tokens do.
	HoldsID bool
	// Language is what the caller reads, as in Accept-Language; empty when they did not say.
	Language string
}

// Name returns the actor as audit events spell it. A user comes before the app they use.
func (a Actor) Name() string {
	switch {
	case a.User != nil:
		return "user:" + a.User.ID
	case a.Key != nil:
		return "key:" + a.Key.ID
	case a.Bridge:
		return "bridge"
	case a.CLI:
		return "cli"
	default:
		return "anonymous"
	}
}

// App returns the name of the calling application, empty when it did not say.
func (a Actor) App() string {
	if a.Key == nil {
		return ""
	}
	return a.Key.Name
}

// IsServer reports whether a secret key or a bridge secret vouches for the request: a server,
// not a browser.
func (a Actor) IsServer() bool { return a.Bridge || a.HasSecretKey() }

// HasSecretKey reports whether a secret API key vouches for the request.
func (a Actor) HasSecretKey() bool { return a.Key != nil && a.Key.Kind == Secret }

// MayGrant reports whether the actor may make somebody a user of this type: nobody grants
// their own level or a higher one, but superadmins may make admins of others and whoever has
// the store in hand may do everything.
func (a Actor) MayGrant(userType string) bool {
	switch {
	case a.CLI:
		return userType == Customer || userType == Admin || userType == Superadmin
	case a.User != nil && a.User.UserType == Superadmin, a.User == nil && a.HasSecretKey():
		return userType == Customer || userType == Admin
	case a.User != nil && a.User.UserType == Admin:
		return userType == Customer
	default:
		return false
	}
}

// MayActOn reports whether the actor may change or delete this account for its holder: admins act
// on customers, superadmins on everybody. Nobody acts on themselves this way: their own doors
// ask for more.
func (a Actor) MayActOn(u User) bool {
	switch {
	case a.CLI:
		return true
	case a.User != nil && a.User.ID == u.ID:
		return false
	case a.User != nil && a.User.UserType == Superadmin:
		return true
	default:
		return a.MayGrant(u.UserType)
	}
}
