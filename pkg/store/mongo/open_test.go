package mongo_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

func TestOpenRefusesAURIThatGivesUpDurability(t *testing.T) {
	for _, c := range []struct{ name, uri, says string }{
		{"one acknowledgement is too few", "mongodb://app:hunter2@127.0.0.1:1/db?w=1", "w=1"},
		{"no acknowledgement is too few", "mongodb://app:hunter2@127.0.0.1:1/db?w=0", "w=0"},
		{"a number is no majority", "mongodb://app:hunter2@127.0.0.1:1/db?w=3", "w=3"},
		{"a tag is no majority", "mongodb://app:hunter2@127.0.0.1:1/db?w=backup", "w=backup"},
		{"a write has to be in the journal", "mongodb://app:hunter2@127.0.0.1:1/db?journal=false", "journal"},
		{"what one member has may be rolled back", "mongodb://app:hunter2@127.0.0.1:1/db?readConcernLevel=local", "readConcernLevel=local"},
		{"a secondary may be behind", "mongodb://app:hunter2@127.0.0.1:1/db?readPreference=nearest", "readPreference"},
		{"a database cannot have such a name", "mongodb://app:hunter2@127.0.0.1:1/a%24b", "database"},
		{"it has to be a MongoDB URI", "postgres://app:hunter2@127.0.0.1:1/db", "scheme"},
		{"an unescaped password is an error", "mongodb://app:hun@ter2/hunter2@127.0.0.1:1/db", "mongo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mongo.Open(t.Context(), c.uri, mongo.Options{Standalone: true, Now: time.Now})
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("got %v, want an error that says %q and no password", err, c.says)
			}
			if errors.Is(err, store.ErrUnavailable) {
				t.Fatal("trying again will not help, but the error says so")
			}
		})
	}
}

func TestOpenRefusesASingleServerUnlessItIsAllowed(t *testing.T) {
	if !mongotest.Standalone(t) {
		t.Skip("the server is a replica set")
	}
	uri := mongotest.URI(t)
	_, err := mongo.Open(t.Context(), uri, mongo.Options{Now: time.Now, Patience: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "GATEHOUSE_MONGO_STANDALONE") {
		t.Fatalf("got %v, want an error that says what to do", err)
	}
	var log bytes.Buffer
	s, err := mongo.Open(t.Context(), uri, mongo.Options{Standalone: true, Now: time.Now, Patience: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "no replica set") {
		t.Fatalf("the log says %q, want a warning", &log)
	}
}

func TestOpenOfAServerThatIsAwayIsUnavailableSoon(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for name, host := range map[string]string{"nobody listens": "127.0.0.1:1", "nobody answers": l.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			_, err := mongo.Open(context.WithoutCancel(t.Context()), "mongodb://"+host+"/?directConnection=true", mongo.Options{Standalone: true, Now: time.Now})
			if !errors.Is(err, store.ErrUnavailable) || time.Since(begun) > 30*time.Second {
				t.Fatalf("got %v after %v, want ErrUnavailable soon", err, time.Since(begun))
			}
		})
	}
}

func TestOpenMakesTheIndexesOnceAndRefusesOneThatIsUnique(t *testing.T) {
	k := newKit(t)
	uri := strings.Replace(mongotest.URI(t), "/t_", "/other_", 1)
	for range 2 {
		again := open(t, uri, time.Now)
		for coll, want := range map[string]int{
			"users": 6, "sessions": 4, "invitations": 6, "outbox": 2, "identifiers": 2, "counters": 2, "audit": 2,
		} {
			specs, err := again.DB().Collection(coll).Indexes().ListSpecifications(t.Context())
			if err != nil || len(specs) != want {
				t.Fatalf("%s has %d indexes (error %v), want %d", coll, len(specs), err, want)
			}
		}
	}
	indexes := k.DB().Collection("users").Indexes()
	k.ok(indexes.DropOne(t.Context(), "check_at_1"))
	_, err := indexes.CreateOne(t.Context(), driver.IndexModel{Keys: bson.M{"check_at": 1}, Options: options.Index().SetUnique(true)})
	k.ok(err)
	s, err := mongo.Open(t.Context(), uriOf(k), mongo.Options{Standalone: mongotest.Standalone(t), Now: time.Now, Patience: time.Minute})
	if err == nil {
		_ = s.Close()
		t.Fatal("it took a unique index for its own")
	}
}

func uriOf(k *kit) string {
	uri := mongotest.URI(k.T)
	i := strings.Index(uri, "/t_")
	end := len(uri)
	if q := strings.Index(uri, "?"); q >= 0 {
		end = q
	}
	return uri[:i+1] + k.DB().Name() + uri[end:]
}

func TestDescribeNamesVersionAndPlaceButNoCredentials(t *testing.T) {
	k := newKit(t)
	got, err := k.Describe(t.Context())
	k.ok(err)
	for _, want := range []string{"MongoDB ", ", at ", ":", k.DB().Name()} {
		if !strings.Contains(got, want) {
			t.Fatalf("%q does not say %q", got, want)
		}
	}
	if strings.Contains(got, "@") {
		t.Fatalf("%q shows who signs in", got)
	}
}
