package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func fidelityBugs() []bug {
	return []bug{
		{"each record loses a field", func(m *memory) store.Store { return losesFields{m} }, []string{
			"fidelity/every field of a user survives",
			"fidelity/every field of a session survives",
			"fidelity/every field of an invitation survives",
			"fidelity/every field of an API key survives",
			"fidelity/every field of an audit entry survives"}},
		{"JSON numbers become floating", func(m *memory) store.Store { return floats{m} }, []string{
			"fidelity/every field of a consequence survives"}},
		{"zero times become the epoch", func(m *memory) store.Store { return epochs{m} }, []string{
			"fidelity/fields that are zero stay zero, times too"}},
		{"times come back in local time", func(m *memory) store.Store { return localTimes{m} }, []string{
			"fidelity/times come back in UTC with millisecond precision from every read"}},
		{"text is trimmed", func(m *memory) store.Store { return trims{m} }, []string{
			"fidelity/odd strings survive in every text field"}},
		{"reads hand out what is stored", func(m *memory) store.Store { return shares{m} }, []string{
			"fidelity/a caller may change what it wrote or read without changing what is stored"}},
	}
}

func contextBugs() []bug {
	return []bug{
		{"a failed read is ErrNotFound", func(m *memory) store.Store { return readsAbsence{m} }, []string{
			"contexts/a read with a context that is cancelled is unavailable, never an absence",
			"contexts/a deadline that has passed makes every call unavailable"}},
		{"RotateSession ignores the context", func(m *memory) store.Store { return ignoresContext{m} }, []string{
			"contexts/a write with a context that is cancelled is unavailable and changes nothing",
			"contexts/a deadline that has passed makes every call unavailable"}},
		{"CreateUser stops half-way when its context ends", func(m *memory) store.Store { return stopsHalfway{m} }, []string{
			"contexts/a write that is cancelled midway happens wholly or not at all"}},
		{"CreateUser that is cancelled leaves its names claimed", func(m *memory) store.Store { return leavesClaims{m} }, []string{
			"contexts/names of a write that was cancelled and did not happen are free after a sweep at the latest"}},
	}
}

type losesFields struct{ *memory }

func (b losesFields) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	u.Profile.BirthDate = ""
	return b.memory.CreateUser(ctx, u, also...)
}

func (b losesFields) StartSession(ctx context.Context, s identity.Session, also ...identity.Consequence) error {
	s.Client.DeviceID = ""
	return b.memory.StartSession(ctx, s, also...)
}

func (b losesFields) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	i.Note = ""
	return b.memory.CreateInvitation(ctx, i, also...)
}

func (b losesFields) CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error {
	k.Scopes = nil
	return b.memory.CreateAPIKey(ctx, k, also...)
}

func (b losesFields) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	entries[0].Prev = nil
	return b.memory.AppendAudit(ctx, entries...)
}

type floats struct{ *memory }

func (b floats) Record(ctx context.Context, also ...identity.Consequence) error {
	var v any
	err := json.Unmarshal(also[0].Data, &v)
	also[0].Data, _ = json.Marshal(v)
	return errors.Join(err, b.memory.Record(ctx, also...))
}

type epochs struct{ *memory }

func (b epochs) Session(ctx context.Context, id string) (identity.Session, error) {
	s, err := b.memory.Session(ctx, id)
	if s.EndedAt.IsZero() {
		s.EndedAt = time.UnixMilli(0).UTC()
	}
	return s, err
}

type localTimes struct{ *memory }

func (b localTimes) Peek(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	count, err := b.memory.Peek(ctx, now, c)
	count.ResetsAt = count.ResetsAt.Local()
	return count, err
}

type trims struct{ *memory }

func (b trims) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	i.Note = strings.TrimSpace(i.Note)
	return b.memory.CreateInvitation(ctx, i, also...)
}

type shares struct{ *memory }

func (b shares) Session(ctx context.Context, id string) (s identity.Session, err error) {
	err = b.step(ctx, func() error {
		s = b.sessions[id]
		return nil
	})
	return s, err
}

type readsAbsence struct{ *memory }

func (b readsAbsence) APIKey(ctx context.Context, id string) (identity.APIKey, error) {
	k, err := b.memory.APIKey(ctx, id)
	if err != nil {
		err = store.ErrNotFound
	}
	return k, err
}

type ignoresContext struct{ *memory }

func (b ignoresContext) RotateSession(ctx context.Context, r store.Rotation) error {
	return b.memory.RotateSession(context.WithoutCancel(ctx), r)
}

type stopsHalfway struct{ *memory }

func (b stopsHalfway) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), b.memory.CreateUser(context.WithoutCancel(ctx), u))
	}
	return b.memory.CreateUser(ctx, u, also...)
}

type leavesClaims struct{ *memory }

func (b leavesClaims) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := b.memory.CreateUser(ctx, u, also...)
	if ctx.Err() != nil {
		b.keepNames(identity.User{ID: "nobody", Identifiers: u.Identifiers}, store.ErrExists)
	}
	return err
}

func (b leavesClaims) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	u, err := b.memory.UserByIdentifier(ctx, name)
	if !slices.Contains(u.Identifiers, name) {
		return identity.User{}, errors.Join(err, store.ErrNotFound)
	}
	return u, err
}
