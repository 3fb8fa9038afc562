package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func userBugs() []bug {
	return []bug{
		{"CreateUser keeps the revision it is given", func(m *memory) store.Store { return createKeepsRevision{m} }, []string{
			"users/CreateUser stores a user at revision 1, whatever Rev says"}},
		{"CreateUser claims the first name only", func(m *memory) store.Store { return createClaimsFirst{m} }, []string{
			"users/CreateUser makes a user the only holder of its identifiers"}},
		{"CreateUser replaces a user", func(m *memory) store.Store { return createReplaces{m} }, []string{
			"users/CreateUser with a taken id is ErrExists and changes nothing",
			"users/of 50 concurrent CreateUser with one id exactly one succeeds and the others hold no names"}},
		{"CreateUser keeps the names it got before one was taken", func(m *memory) store.Store { return createKeepsNames{m} }, []string{
			"users/CreateUser with a taken id is ErrExists and changes nothing",
			"users/CreateUser with a taken identifier is ErrExists and claims none of the others",
			"users/of 100 concurrent CreateUser with one e-mail exactly one succeeds and the others get ErrExists",
			"users/of 50 concurrent CreateUser with one id exactly one succeeds and the others hold no names"}},
		{"CreateUser claims names one by one in the caller's order", func(m *memory) store.Store { return createOneByOne{m} }, []string{
			"users/of concurrent users with the same names in another order exactly one is created"}},
		{"CreateUser and UpdateUser check and write in two steps", func(m *memory) store.Store { return racyUsers{m} }, []string{
			"users/of 100 concurrent CreateUser with one e-mail exactly one succeeds and the others get ErrExists",
			"users/of 50 concurrent CreateUser with one id exactly one succeeds and the others hold no names",
			"users/of concurrent users with the same names in another order exactly one is created",
			"users/of 50 concurrent UpdateUser at one revision exactly one succeeds and the others claim nothing",
			"users/of 40 concurrent new and old users that gain one name exactly one gets it"}},
		{"names are folded", func(m *memory) store.Store { return foldsNames{m} }, []string{
			"users/names are equal only when kind and value are equal strings"}},
		{"User of an unknown id is the zero user", func(m *memory) store.Store { return userZero{m} }, []string{
			"users/a user that is not there is ErrNotFound, by id and by name"}},
		{"UserByIdentifier hides provisional users", func(m *memory) store.Store { return hidesProvisional{m} }, []string{
			"users/User returns tombstones, and provisional and disabled users by name too"}},
		{"UpdateUser keeps the old profile", func(m *memory) store.Store { return updateKeepsProfile{m} }, []string{
			"users/UpdateUser replaces every field and raises the revision by one",
			"fidelity/fields that are zero stay zero, times too"}},
		{"UpdateUser ignores the revision", func(m *memory) store.Store { return updateIgnoresRevision{m} }, []string{
			"users/UpdateUser at another revision is ErrStale and changes nothing",
			"users/of 50 concurrent UpdateUser at one revision exactly one succeeds and the others claim nothing"}},
		{"UpdateUser creates a user who is gone", func(m *memory) store.Store { return updateCreates{m} }, []string{
			"users/UpdateUser of a user that is gone is ErrStale and claims nothing"}},
		{"UpdateUser keeps the names it got before one was taken", func(m *memory) store.Store { return updateKeepsNames{m} }, []string{
			"users/UpdateUser that gains a taken identifier is ErrExists and changes nothing"}},
		{"UpdateUser writes the rest when a name is taken", func(m *memory) store.Store { return updateWritesRest{m} }, []string{
			"users/UpdateUser that gains a taken identifier is ErrExists and changes nothing",
			"users/of 40 concurrent new and old users that gain one name exactly one gets it"}},
		{"UpdateUser does not free names", func(m *memory) store.Store { return updateFreesNothing{m} }, []string{
			"users/UpdateUser replaces every field and raises the revision by one",
			"users/an identifier that a user loses is free at once, to a new user and to another one",
			"users/a name given up while others want it ends with one of them or free"}},
		{"UpdateUser that is stale releases the names it wanted", func(m *memory) store.Store { return staleReleases{m} }, []string{
			"users/a name that concurrent updates of one user gain is held by it afterwards"}},
		{"RemoveUser leaves the names", func(m *memory) store.Store { return removeLeavesNames{m} }, []string{
			"users/RemoveUser deletes the record and frees its names at once"}},
		{"UpdateUser and RemoveUser do not mind each other", func(m *memory) store.Store { return removeIgnoresRevision{m} }, []string{
			"users/RemoveUser at another revision is ErrStale and changes nothing",
			"users/of an update and a removal at one revision exactly one happens"}},
		{"RemoveUser of a user that is gone is ErrNotFound", func(m *memory) store.Store { return removeNotFound{m} }, []string{
			"users/RemoveUser of a user that is gone is no error"}},
		{"Users folds case in its order", func(m *memory) store.Store { return listFolds{m} }, []string{
			"users/Users lists accounts behind an id, in the order of ids, up to the limit"}},
		{"UpdateUser frees all names before it claims the new ones", func(m *memory) store.Store { return updateFreesFirst{m, make(chan chan struct{})} }, []string{
			"users/a name is found all through updates that keep it, and never with a user who does not list it"}},
	}
}

type createKeepsRevision struct{ *memory }

func (b createKeepsRevision) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.CreateUser(ctx, u, also...)
	b.users[u.ID] = u
	return err
}

type createClaimsFirst struct{ *memory }

func (b createClaimsFirst) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.CreateUser(ctx, u, also...)
	for n, name := range u.Identifiers {
		if n > 0 {
			delete(b.names, name)
		}
	}
	return err
}

type createReplaces struct{ *memory }

func (b createReplaces) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		if err := b.claimNames(u); err != nil {
			return err
		}
		b.users[u.ID] = clone(u)
		b.record(u.ID, also)
		return nil
	})
}

type createKeepsNames struct{ *memory }

func (b createKeepsNames) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.CreateUser(ctx, u, also...)
	b.keepNames(u, err)
	return err
}

// keepNames claims the names of u that are free after a write that failed because of a name.
func (m *memory) keepNames(u identity.User, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range u.Identifiers {
		if _, ok := m.names[name]; !ok && errors.Is(err, store.ErrExists) {
			m.names[name] = u.ID
		}
	}
}

// createOneByOne claims one name and then finds that the other one is taken by a user who
// finds the same.
type createOneByOne struct{ *memory }

func (b createOneByOne) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	for _, name := range u.Identifiers {
		err := b.step(ctx, func() error {
			if _, ok := b.names[name]; ok {
				return store.ErrExists
			}
			b.names[name] = u.ID
			return nil
		})
		if err != nil {
			return err
		}
		b.between.meet()
	}
	return b.memory.CreateUser(ctx, u, also...)
}

type racyUsers struct{ *memory }

func (b racyUsers) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return racy(b.memory, func(m *memory) error { return m.CreateUser(ctx, u, also...) })
}

func (b racyUsers) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return racy(b.memory, func(m *memory) error { return m.UpdateUser(ctx, u, also...) })
}

type foldsNames struct{ *memory }

func (b foldsNames) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	u.Identifiers = slices.Clone(u.Identifiers)
	for n := range u.Identifiers {
		u.Identifiers[n].Value = strings.ToLower(u.Identifiers[n].Value)
	}
	return b.memory.CreateUser(ctx, u, also...)
}

func (b foldsNames) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	name.Value = strings.ToLower(name.Value)
	return b.memory.UserByIdentifier(ctx, name)
}

type userZero struct{ *memory }

func (b userZero) User(ctx context.Context, id string) (identity.User, error) {
	return found(b.memory.User(ctx, id))
}

// found makes the zero value out of an absence.
func found[T any](v T, err error) (T, error) {
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return v, err
}

type hidesProvisional struct{ *memory }

func (b hidesProvisional) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	u, err := b.memory.UserByIdentifier(ctx, name)
	if u.Provisional {
		return identity.User{}, store.ErrNotFound
	}
	return u, err
}

type updateKeepsProfile struct{ *memory }

func (b updateKeepsProfile) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	old, _ := b.User(ctx, u.ID)
	u.Profile = old.Profile
	return b.memory.UpdateUser(ctx, u, also...)
}

type updateIgnoresRevision struct{ *memory }

func (b updateIgnoresRevision) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		if err := b.claimNames(u); err != nil {
			return err
		}
		u.Rev = b.users[u.ID].Rev + 1
		b.users[u.ID] = clone(u)
		b.record(u.ID, also)
		return nil
	})
}

type updateCreates struct{ *memory }

func (b updateCreates) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	if _, err := b.User(ctx, u.ID); err != nil {
		return b.CreateUser(ctx, u, also...)
	}
	return b.memory.UpdateUser(ctx, u, also...)
}

type updateKeepsNames struct{ *memory }

func (b updateKeepsNames) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.UpdateUser(ctx, u, also...)
	b.keepNames(u, err)
	return err
}

type updateWritesRest struct{ *memory }

func (b updateWritesRest) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.UpdateUser(ctx, u, also...)
	if errors.Is(err, store.ErrExists) {
		old, _ := b.User(ctx, u.ID)
		u.Identifiers = old.Identifiers
		_ = b.memory.UpdateUser(ctx, u)
	}
	return err
}

type updateFreesNothing struct{ *memory }

func (b updateFreesNothing) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	old, _ := b.User(ctx, u.ID)
	err := b.memory.UpdateUser(ctx, u, also...)
	old.ID = u.ID
	b.keepNames(old, store.ErrExists)
	return err
}

type staleReleases struct{ *memory }

func (b staleReleases) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.UpdateUser(ctx, u, also...)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range u.Identifiers {
		if errors.Is(err, store.ErrStale) && b.names[name] == u.ID {
			delete(b.names, name)
		}
	}
	return err
}

type removeLeavesNames struct{ *memory }

func (b removeLeavesNames) RemoveUser(ctx context.Context, id string, rev int64) error {
	u, _ := b.User(ctx, id)
	err := b.memory.RemoveUser(ctx, id, rev)
	b.keepNames(u, store.ErrExists)
	return err
}

type removeIgnoresRevision struct{ *memory }

func (b removeIgnoresRevision) RemoveUser(ctx context.Context, id string, _ int64) error {
	u, _ := b.User(ctx, id)
	return b.memory.RemoveUser(ctx, id, u.Rev)
}

func (b removeIgnoresRevision) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.UpdateUser(ctx, u, also...)
	if old, absent := b.User(ctx, u.ID); absent != nil && old.ID == "" {
		err = nil
	}
	return err
}

type removeNotFound struct{ *memory }

func (b removeNotFound) RemoveUser(ctx context.Context, id string, rev int64) error {
	if _, err := b.User(ctx, id); err != nil {
		return err
	}
	return b.memory.RemoveUser(ctx, id, rev)
}

type listFolds struct{ *memory }

func (b listFolds) Users(ctx context.Context, after string, limit int) ([]identity.User, error) {
	return list(ctx, b.memory, b.users, limit,
		func(u identity.User) bool { return strings.ToLower(u.ID) > strings.ToLower(after) },
		func(u, v identity.User) int { return strings.Compare(strings.ToLower(u.ID), strings.ToLower(v.ID)) })
}

// updateFreesFirst lets somebody read between its two steps.
type updateFreesFirst struct {
	*memory
	reader chan chan struct{}
}

func (b updateFreesFirst) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	if err := b.step(ctx, func() error { return b.claimNames(identity.User{ID: u.ID}) }); err != nil {
		return err
	}
	read := make(chan struct{})
	select {
	case b.reader <- read:
		<-read
	case <-time.After(patience()):
	}
	return b.memory.UpdateUser(ctx, u, also...)
}

func (b updateFreesFirst) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	select {
	case read := <-b.reader:
		defer close(read)
	default:
	}
	return b.memory.UserByIdentifier(ctx, name)
}
