package account

import (
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// setUsername gives u a user name, or none when it is empty.
func setUsername(u *identity.User, name string) []fault.Field {
	name = strings.TrimSpace(name)
	if name == "" {
		u.Username = ""
		u.SetName(identity.UsernameIdentifier, "")
		return nil
	}
	key, err := identity.CanonicalUsername(name)
	if err != nil {
		return []fault.Field{{
			Field: "userName", Code: "invalid_username",
			Message: "userName is 3 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or a digit",
		}}
	}
	u.Username = name
	u.SetName(identity.UsernameIdentifier, key)
	return nil
}

// Wish makes the user name of a new account one that it gets when its address has been proved,
// unless somebody else has it by then. Until then the name is nobody's, so that trying to take
// it does not tell whether there is such an account.
func Wish(u *identity.User) { u.SetName(identity.UsernameIdentifier, "") }

// fulfil gives u the user name that it wishes for, when its time has come, and reports whether it
// did; a wish that is not granted is forgotten.
func fulfil(u *identity.User, granted bool) bool {
	if !u.EmailVerified || u.Username == "" || u.UsernameKey() != "" {
		return false
	}
	key, err := identity.CanonicalUsername(u.Username)
	if err != nil || !granted {
		u.Username = ""
		return false
	}
	u.SetName(identity.UsernameIdentifier, key)
	return true
}
