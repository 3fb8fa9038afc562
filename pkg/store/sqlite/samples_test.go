package sqlite_test

import (
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// when is the clock of these tests.
var when = time.Date(2030, time.May, 4, 12, 0, 0, 0, time.UTC)

func sampleSession(id string) identity.Session {
	return identity.Session{
		ID: id, UserID: "user", Epoch: 1, Secret: make([]byte, 32), Counter: 1, App: "shop",
		Client:   identity.Client{IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0"},
		AuthTime: when, AMR: []string{"pwd"}, CreatedAt: when, RotatedAt: when, LastUsedAt: when,
		IdleUntil: when.Add(time.Hour), MaxUntil: when.Add(24 * time.Hour),
	}
}

func sampleUser(id string) identity.User {
	return identity.User{
		ID: id, Email: id + "@example.com", UserType: identity.Customer,
		Identifiers:  []identity.Identifier{{Kind: identity.EmailIdentifier, Value: id + "@example.com"}},
		PasswordHash: "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		Profile:      identity.Profile{Name: "Ada", LastName: "Example"},
		CreatedAt:    when, UpdatedAt: when, PasswordSetAt: when,
	}
}

func follows(id string) identity.Consequence {
	return identity.Consequence{ID: id, Kind: "test", DueAt: when, Data: []byte(`{}`)}
}
