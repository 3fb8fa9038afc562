package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// maxKnownClients bounds how many clients an account remembers; the oldest is forgotten.
const maxKnownClients = 20

// NewClientKind is the consequence by which an account learns of a client that it does not know.
const NewClientKind identity.ConsequenceKind = "new_client"

type newClient struct {
	UserID   string       `json:"user_id"`
	Software string       `json:"software"`
	Message  mail.Message `json:"message"`
}

// NewClient returns what follows from signing u in at a client it has not signed in at before:
// u is told by mail. It returns nothing for a client that is known, or a server's, which stands
// between us and the person.
func (s *Service) NewClient(u identity.User, by identity.Actor) []identity.Consequence {
	software := by.Client.Software()
	if by.IsServer() || by.CLI || slices.Contains(u.KnownClients, software) {
		return nil
	}
	now := s.Now()
	m := mail.Notice(u, by, mail.NewSignIn, now)
	data, _ := json.Marshal(newClient{UserID: u.ID, Software: software, Message: m}) // strings and times always encode
	return []identity.Consequence{{ID: opaque.Random(opaque.IDLength), Kind: NewClientKind, DueAt: now, Data: data}}
}

// CarryOutNewClients is the relay's handler of NewClientKind. It is idempotent: a client that
// is known already is no news. The first one an account signs in at is none either.
func (s *Service) CarryOutNewClients(ctx context.Context, batch []identity.Consequence) error {
	for _, c := range batch {
		var n newClient
		if err := json.Unmarshal(c.Data, &n); err != nil {
			return fmt.Errorf("account: read new client: %w", err)
		}
		if err := s.learn(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) learn(ctx context.Context, n newClient) error {
	for range maxRounds {
		u, err := s.Store.User(ctx, n.UserID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (!u.Active() || slices.Contains(u.KnownClients, n.Software)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("account: read account: %w", err)
		}
		var also []identity.Consequence
		if len(u.KnownClients) > 0 {
			also = append(also, s.Outbox.Post(n.Message, s.Now()))
		}
		u.KnownClients = append(u.KnownClients, n.Software)
		if extra := len(u.KnownClients) - maxKnownClients; extra > 0 {
			u.KnownClients = u.KnownClients[extra:]
		}
		err = s.Store.UpdateUser(ctx, u, also...)
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return fmt.Errorf("account: remember client: %w", err)
		}
		return nil
	}
	return store.ErrStale
}
