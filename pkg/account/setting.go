package account

import (
	"slices"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Setting is what an operator or an administrator gives an account; nil leaves a part as it is.
type Setting struct {
	UserType *string
	Disabled *bool
	Verified *bool
	Email    *string // the address from now on, and unverified unless Verified says otherwise
	Username *string // empty takes it away
	Profile  ProfileChange
}

func (c Setting) check() error {
	if c.UserType == nil || slices.Contains([]string{identity.Customer, identity.Admin, identity.Superadmin}, *c.UserType) {
		return nil
	}
	return fault.InvalidField("userType", "unknown_value", "userType is one of customer, admin, superadmin")
}

// mayMake decides whether by may make an account like this.
func (c Setting) mayMake(by identity.Actor) error {
	if !operates(by) {
		return ErrNotAllowed
	}
	if err := c.check(); err != nil || c.UserType == nil {
		return err
	}
	if !by.MayGrant(*c.UserType) {
		return ErrNotAllowed
	}
	return nil
}

// amend returns d with what the setting names.
func (c Setting) amend(d Draft) Draft {
	if c.Email != nil {
		d.Email = *c.Email
	}
	if c.Username != nil {
		d.Username = *c.Username
	}
	d.Profile = c.Profile.over(d.Profile)
	return d
}

// news returns the parts of c that u is not yet: who sends an account back as it was read asks
// for nothing.
func (c Setting) news(u identity.User) Setting {
	if c.Email != nil && !(Edit{Email: c.Email}).moves(u) {
		c.Email = nil
	}
	if c.UserType != nil && *c.UserType == u.UserType {
		c.UserType = nil
	}
	if c.Disabled != nil && *c.Disabled == u.Disabled {
		c.Disabled = nil
	}
	if c.Verified != nil && *c.Verified == u.EmailVerified && c.Email == nil {
		c.Verified = nil
	}
	return c
}

// allowed decides whether by may change this of u.
func (c Setting) allowed(by identity.Actor, u identity.User) error {
	switch own := owns(by, u); {
	case !operates(by):
		return ErrNotAllowed
	case own && (c.Email != nil || c.Verified != nil || c.Disabled != nil):
		return errOwnDoor
	case !own && !by.MayActOn(u), c.UserType != nil && !by.MayGrant(*c.UserType):
		return ErrNotAllowed
	default:
		return nil
	}
}

// give makes u of the type and in the state that c says.
func (c Setting) give(u *identity.User) {
	if c.UserType != nil {
		u.UserType = *c.UserType
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
	}
	if c.Verified != nil {
		u.EmailVerified = *c.Verified
	}
}

// detail says in names and values what give does.
func (c Setting) detail() []string {
	var pairs []string
	if c.UserType != nil {
		pairs = append(pairs, "user_type", *c.UserType)
	}
	if c.Disabled != nil {
		pairs = append(pairs, "disabled", strconv.FormatBool(*c.Disabled))
	}
	if c.Verified != nil {
		pairs = append(pairs, "email_verified", strconv.FormatBool(*c.Verified))
	}
	return pairs
}

// readdress gives u another address on somebody else's word. No link that was mailed before
// works any more, whichever address it went to; the old one is told if its reader is known.
func (s *Service) readdress(by identity.Actor, u *identity.User, email *string, now time.Time) ([]identity.Consequence, []fault.Field) {
	if email == nil {
		return nil, nil
	}
	old := *u
	also, err := s.move(by, u, *email, now)
	if err != nil {
		return nil, []fault.Field{{Field: "email", Code: "invalid_email", Message: "email is not an address we accept"}}
	}
	u.EmailVerified = false
	u.DropProofs(identity.Purposes()...)
	if old.EmailVerified {
		also = append(also, s.Outbox.Post(mail.Alarming(old, notice(old, by, mail.AddressChanged, now)), now))
	}
	return also, nil
}

// notice is mail.Notice of what an administrator has done. Where administrators work is not
// the business of those they look after.
func notice(u identity.User, by identity.Actor, kind mail.Kind, at time.Time) mail.Message {
	if by.User == nil || owns(by, u) {
		return mail.Notice(u, by, kind, at)
	}
	m := mail.To(u, by, kind)
	m.At = at
	return m
}

// differing names the parts of an account, its state aside, that are not the same in a and b.
// It does not tell what they are: an audit log outlives the account.
func differing(a, b identity.User) []string {
	var names []string
	p, q := a.Profile, b.Profile
	for _, f := range []struct{ name, a, b string }{
		{"email", a.Email, b.Email}, {"username", a.Username, b.Username}, {"name", p.Name, q.Name},
		{"last_name", p.LastName, q.LastName}, {"display_name", p.DisplayName, q.DisplayName}, {"phone", p.Phone, q.Phone},
		{"mobile", p.Mobile, q.Mobile}, {"birth_date", p.BirthDate, q.BirthDate}, {"gender", p.Gender, q.Gender},
		{"time_zone", p.TimeZone, q.TimeZone}, {"bio", p.Bio, q.Bio}, {"reference_id", p.ReferenceID, q.ReferenceID},
		{"recovery_email", p.RecoveryEmail, q.RecoveryEmail}, {"language", a.Language, b.Language}, {"website", p.Website, q.Website},
	} {
		if f.a != f.b {
			names = append(names, f.name)
		}
	}
	if p.HidesEmail != q.HidesEmail {
		names = append(names, "hides_email")
	}
	return names
}
