package flowless

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// body is an answer. The documents contradict each other, so answers carry the fields of both,
// often the same value under several names; a map says that shorter than types would.
type body = map[string]any

func ok(b any) (httpkit.Reply, error) {
	return httpkit.Reply{Status: http.StatusOK, Body: b}, nil
}

func message(text string) (httpkit.Reply, error) {
	return ok(body{"success": true, "message": text})
}

// user returns a user as both documents have one, and what the official clients read besides.
func (h *Handler) user(u identity.User) body {
	p := u.Profile
	name, picture := h.shown(u)
	b := body{
		"id": u.ID, "email": u.Email, "name": text(name), "mobile": text(p.Mobile), "phone": text(p.Phone),
		"picture": text(picture), "dob": text(p.BirthDate), "gender": text(p.Gender), "tmz": text(p.TimeZone),
		"bio": text(p.Bio), "username": text(u.Username),
	}
	b["lang"] = text(spoken(u.Language))
	both(b, "last_name", "lastName", text(p.LastName))
	both(b, "user_name", "userName", text(u.Username))
	both(b, "user_type", "userType", u.UserType)
	both(b, "display_name", "displayName", text(p.DisplayName))
	both(b, "reference_id", "referenceId", text(p.ReferenceID))
	both(b, "recovery_email", "recoveryEmail", text(p.RecoveryEmail))
	both(b, "is_verified", "isVerified", u.EmailVerified)
	both(b, "two_factor", "twoFactor", false)
	both(b, "created_at", "createdAt", u.CreatedAt)
	both(b, "updated_at", "updatedAt", u.UpdatedAt)
	return b
}

// shown returns the name and the picture of a user: what they have set themselves, else what a
// provider by which they come says, as the documents have it.
func (h *Handler) shown(u identity.User) (name, picture string) {
	name, picture = u.Profile.Name, h.Pictures.URL(u)
	for _, l := range slices.Backward(u.Linked) { // what was said last comes first
		if u.Profile.LastName == "" { // theirs is in two members
			name = cmp.Or(name, u.Profile.DisplayName, l.Name)
		}
		picture = cmp.Or(picture, l.Picture)
	}
	return name, picture
}

// spoken returns the first language of a list as in Accept-Language.
func spoken(list string) string {
	first, _, _ := strings.Cut(list, ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.TrimSpace(first)
}

// both sets one value under the names that the two documents have for it.
func both(b body, snake, camel string, value any) {
	b[snake], b[camel] = value, value
}

// text is a string that is null when it is absent.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// with returns b and more in one.
func with(b body, more body) body {
	out := make(body, len(b)+len(more))
	for _, part := range []body{b, more} {
		for name, value := range part {
			out[name] = value
		}
	}
	return out
}

// held is a session as its holder gets it.
func held(g session.Grant) body {
	return body{"session_id": g.ID, "expires_at": g.Session.ExpiresAt()}
}

// opening is a session as it comes with a user.
func opening(user body, g session.Grant) body {
	b := body{"user": user}
	both(b, "session_id", "sessionId", g.ID)
	both(b, "expires_at", "expiresAt", g.Session.ExpiresAt())
	return b
}

// login says success inside of data too: an official client unwraps it.
func login(user body, g session.Grant) body {
	all := with(opening(user, g), body{"success": true})
	return with(all, body{"data": with(all, body{"session": held(g)})})
}

func registered(user body, g session.Grant) body {
	all := with(opening(user, g), body{"session": held(g)})
	return with(all, body{"success": true, "id": user["id"], "data": with(user, all)})
}

// pendingRegistration is the answer where an address must be proved first. It is the same for an
// address that has an account: the id is then nobody's.
func pendingRegistration(user body) body {
	user = with(user, nil)
	both(user, "requires_verification", "requiresVerification", true)
	return body{
		"success": true, "message": "Registration successful. Please check your email to verify your account.",
		"data": with(user, body{"user": user}), "requiresVerification": true,
	}
}

func renewed(g session.Grant) body {
	return with(held(g), body{"success": true, "data": held(g)})
}

func validated(user body, s identity.Session) body {
	b := body{"success": true, "valid": true, "user": user, "data": with(user, body{"user": user})}
	both(b, "expires_at", "expiresAt", s.ExpiresAt())
	return b
}

// goodToken answers for a one-time token that may still be used.
func goodToken() body { return body{"success": true, "valid": true, "message": "Token is valid"} }

// whoIs answers who somebody is, as data and beside it.
func whoIs(user body) body {
	return body{"success": true, "user": user, "data": with(user, body{"user": user})}
}
