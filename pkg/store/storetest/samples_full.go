package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// The full samples have no zero field; zeroFields proves it, so that a field that is added
// to an entity cannot be forgotten here.

// bytes256 returns every byte once, beginning with what.
func bytes256(what byte) []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i) + what
	}
	return b
}

func fullUser() identity.User {
	return identity.User{
		ID:            "full",
		Rev:           1,
		Email:         "Full.User@Example.com",
		EmailVerified: true,
		Identifiers:   []identity.Identifier{email("full.user@example.com"), {Kind: "username", Value: "full"}},
		Username:      "Full",
		PasswordHash:  "$argon2id$",
		UserType:      identity.Superadmin,
		Claims:        json.RawMessage(`{"n":12345678901234567890,"f":0.1,"s":"<a&b>","l":[1,null,true],"o":{"z":{},"a":[]}}`),
		Profile: identity.Profile{
			Name: "Full", LastName: "User", DisplayName: "Full User", Phone: "+4912345", Mobile: "+4917012345", BirthDate: "1990-02-28",
			Gender: "x", TimeZone: "Europe/Berlin", Bio: "one\ntwo", ReferenceID: "ref-1", RecoveryEmail: "full@example.org",
			Website: "https://example.com", HidesEmail: true,
		},
		Picture:      "picture",
		Disabled:     true,
		Deleted:      true,
		Provisional:  true,
		InvitationID: "invitation",
		Epoch:        1<<53 + 1, // no float64 holds it
		KeptSession:  "session",
		Language:     "de-AT,de;q=0.8",
		Proofs: []identity.Proof{{
			Purpose: identity.MoveEmail, Hash: bytes256(4), Email: "New@Example.com", Request: "request", ExpiresAt: at(4 * time.Millisecond),
		}},
		KnownClients:   []string{"one", "two"},
		ReferralTokens: []string{"r1", "r2"},
		Linked: []identity.LinkedIdentity{{
			Provider: "google", Subject: "1", Email: "Full@Example.net", Name: "Full", Picture: "https://example.net/p.png",
			LinkedAt: at(5 * time.Millisecond), UpdatedAt: at(6 * time.Millisecond),
		}},
		CreatedAt:     at(time.Millisecond),
		UpdatedAt:     at(2 * time.Millisecond),
		PasswordSetAt: at(3 * time.Millisecond),
	}
}

func fullSession() identity.Session {
	return identity.Session{
		ID:         "full",
		UserID:     "user",
		Epoch:      1<<53 + 1,
		Secret:     bytes256(1),
		Counter:    1<<53 + 3,
		App:        "app",
		Client:     identity.Client{IP: "2001:db8::1", UserAgent: "agent/1.0 (x; y)", DeviceID: "device"},
		RotatedBy:  "binding",
		AuthTime:   at(time.Millisecond),
		AMR:        []string{"pwd", "otp"},
		CreatedAt:  at(2 * time.Millisecond),
		RotatedAt:  at(3 * time.Millisecond),
		LastUsedAt: at(4 * time.Millisecond),
		IdleUntil:  at(time.Hour),
		MaxUntil:   at(2 * time.Hour),
		EndedAt:    at(5 * time.Millisecond),
		EndReason:  identity.EndedByReuse,
	}
}

func fullInvitation() identity.Invitation {
	return identity.Invitation{
		ID:       "full",
		CodeHash: bytes256(2),
		Email:    "Guest@Example.com",
		EmailKey: "guest@example.com",
		MaxUses:  5,
		Left:     3,
		Uses: []identity.Use{
			{UserID: "u1", At: at(time.Millisecond), Confirmed: true},
			{UserID: "u2", At: at(2 * time.Millisecond)},
		},
		UserType:    identity.Admin,
		Claims:      json.RawMessage(`{"n":12345678901234567890,"s":"<a&b>"}`),
		Note:        "for the guest",
		CreatedBy:   "user:u",
		CreatedAt:   at(3 * time.Millisecond),
		ExpiresAt:   at(time.Hour),
		RevokedAt:   at(4 * time.Millisecond),
		LastIssueAt: at(5 * time.Millisecond),
		Form:        identity.CodeUUID, ReferralTokens: []string{"r1", "r2"},
	}
}

func fullAPIKey() identity.APIKey {
	return identity.APIKey{
		ID:         "full",
		Name:       "app",
		Kind:       identity.Publishable,
		Hash:       bytes256(3),
		Scopes:     identity.AllScopes(),
		CreatedAt:  at(time.Millisecond),
		ExpiresAt:  at(2 * time.Millisecond),
		RevokedAt:  at(3 * time.Millisecond),
		LastUsedAt: at(4 * time.Millisecond),
	}
}

func fullAuditEntry() identity.AuditEntry {
	return identity.AuditEntry{Seq: 1, ID: "event", Event: bytes256(4), Prev: bytes256(5), Hash: bytes256(6)}
}

func fullConsequence() identity.Consequence {
	return identity.Consequence{
		ID:       "full",
		Kind:     "kind",
		DueAt:    at(-time.Millisecond),
		Attempts: 1<<53 + 1,
		Data:     json.RawMessage(`{"n":12345678901234567890,"s":"<a&b>","l":[1.50,null]}`),
	}
}

func fullKeySet() store.KeySet {
	return store.KeySet{Version: 1, Data: bytes.Repeat(bytes256(7), 200)}
}

func fullBlob() store.Blob {
	return store.Blob{ID: "full", Type: "image/png; odd=\"1\"", Data: bytes256(8), CreatedAt: at(time.Millisecond)}
}

// zeroFields returns the names of the fields in v that are zero, those of nested structs and
// of the first elements of slices included.
func zeroFields(v any) []string { return zeroIn(reflect.ValueOf(v), reflect.TypeOf(v).Name()) }

func zeroIn(v reflect.Value, name string) []string {
	switch {
	case v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0:
		return []string{name}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		return zeroIn(v.Index(0), name+"[0]")
	case v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]():
		return nil
	}
	var names []string
	for i := range v.NumField() {
		names = append(names, zeroIn(v.Field(i), fmt.Sprintf("%s.%s", name, v.Type().Field(i).Name))...)
	}
	return names
}

// foreignTimes returns the names of the times in v that are not in UTC or not of whole
// milliseconds.
func foreignTimes(v any) []string { return foreignIn(reflect.ValueOf(v), reflect.TypeOf(v).Name()) }

func foreignIn(v reflect.Value, name string) []string {
	if t, ok := v.Interface().(time.Time); ok {
		if t.Location() != time.UTC || !t.Equal(t.Truncate(time.Millisecond)) {
			return []string{name + " " + t.String()}
		}
		return nil
	}
	var names []string
	switch v.Kind() { //nolint:exhaustive // no other kind holds a time here
	case reflect.Struct:
		for i := range v.NumField() {
			names = append(names, foreignIn(v.Field(i), fmt.Sprintf("%s.%s", name, v.Type().Field(i).Name))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			names = append(names, foreignIn(v.Index(i), fmt.Sprintf("%s[%d]", name, i))...)
		}
	default:
	}
	return names
}
