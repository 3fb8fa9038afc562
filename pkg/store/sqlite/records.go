package sqlite

import (
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/recent"
)

// remembered is how many decoded sessions, and how many users, are kept at least: a few MB.
const remembered = 2048

// records keeps decoded sessions and users by what changes with every write to them, so that
// they are never out of date: whoever asks has just read those values from the database.
type records struct {
	sessions recent.Map[sessionVersion, identity.Session]
	users    recent.Map[userVersion, identity.User]
}

// sessionVersion names one state of a session: a rotation raises the counter, an end sets its
// time, and nothing else ever changes.
type sessionVersion struct {
	id      string
	counter int64
	ended   int64
}

// userVersion names one state of a user.
type userVersion struct {
	id  string
	rev int64
}

func newRecords() *records {
	r := &records{}
	r.sessions.Size, r.users.Size = remembered, remembered
	return r
}

// ownSession returns s with slices that nobody else holds.
func ownSession(s identity.Session) identity.Session {
	s.Secret, s.AMR = slices.Clone(s.Secret), slices.Clone(s.AMR)
	return s
}

// ownUser returns u with slices that nobody else holds.
func ownUser(u identity.User) identity.User {
	u.Identifiers, u.Claims = slices.Clone(u.Identifiers), slices.Clone(u.Claims)
	u.Proofs, u.KnownClients = slices.Clone(u.Proofs), slices.Clone(u.KnownClients)
	u.ReferralTokens, u.Linked = slices.Clone(u.ReferralTokens), slices.Clone(u.Linked)
	for i, p := range u.Proofs {
		u.Proofs[i].Hash = slices.Clone(p.Hash)
	}
	return u
}
