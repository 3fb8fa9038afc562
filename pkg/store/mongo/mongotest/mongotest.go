// Package mongotest finds or starts a MongoDB server for tests: the one that
// GATEHOUSE_TEST_MONGO names, else a mongod on the PATH as a replica set of one, else
// mongo-java-server, which Maven fetches once. It is for tests only and knows no store.
package mongotest

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// startTime is how long a server may take to come up, Maven's first download included.
const startTime = 5 * time.Minute

// errNone says that there is no server here and no way to start one.
var errNone = errors.New("neither GATEHOUSE_TEST_MONGO, nor a mongod, nor java, javac and mvn to run mongo-java-server")

// shared is the one server of this test binary. It ends with the process, however that ends.
var shared = sync.OnceValues(func() (*process, error) {
	if uri, ok := os.LookupEnv("GATEHOUSE_TEST_MONGO"); ok && uri != "" {
		return external(uri)
	}
	return run(settings{})
})

// URI returns the address of a database that nothing else uses, on a server that all tests of
// the binary share. Without a server the test is skipped, or fails if GATEHOUSE_REQUIRE_MONGO
// is 1.
func URI(t testing.TB) string {
	t.Helper()
	p := need(t, shared)
	uri := withDatabase(p.uri, "t_"+opaque.Random(12))
	if p.command == nil {
		t.Cleanup(func() { drop(t, uri) })
	}
	return uri
}

// Standalone reports whether the server behind URI is no replica set.
func Standalone(t testing.TB) bool {
	t.Helper()
	return need(t, shared).standalone
}

func need(t testing.TB, start func() (*process, error)) *process {
	t.Helper()
	p, err := start()
	required, _ := os.LookupEnv("GATEHOUSE_REQUIRE_MONGO")
	switch {
	case err == nil:
		p.logged.Do(func() { t.Logf("mongo store suite: %s at %s", p.name, p.hosts()) })
		return p
	case errors.Is(err, errNone) && required != "1":
		t.Skipf("MONGO STORE SUITE SKIPPED, NOTHING ABOUT MONGODB IS TESTED: %v", err)
	default:
		t.Fatalf("mongo store suite: %v", err)
	}
	return nil
}

// external describes a server that somebody else runs.
func external(uri string) (*process, error) {
	p := &process{uri: uri}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	name, standalone, err := describe(ctx, uri)
	if err != nil {
		return nil, errors.Join(errors.New("the server that GATEHOUSE_TEST_MONGO names does not answer"), err)
	}
	p.name, p.standalone = "the server of GATEHOUSE_TEST_MONGO, version "+name, standalone
	return p, nil
}

// describe returns a server's version and whether it is no replica set.
func describe(ctx context.Context, uri string) (version string, standalone bool, err error) {
	err = with(ctx, uri, func(c *mongo.Client) error {
		var v struct {
			SetName string `bson:"setName"`
			Msg     string `bson:"msg"`
			Version string `bson:"version"`
		}
		admin := c.Database("admin")
		if err := admin.RunCommand(ctx, bson.M{"isMaster": 1}).Decode(&v); err != nil {
			return err
		}
		if err := admin.RunCommand(ctx, bson.M{"buildInfo": 1}).Decode(&v); err != nil {
			return err
		}
		version, standalone = v.Version, v.SetName == "" && v.Msg != "isdbgrid"
		return nil
	})
	return version, standalone, err
}

func with(ctx context.Context, uri string, do func(*mongo.Client) error) error {
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(5 * time.Second))
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Disconnect(context.WithoutCancel(ctx)))
}

func drop(t testing.TB, uri string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, name, _ := cutDatabase(uri)
	err := with(ctx, uri, func(c *mongo.Client) error { return c.Database(name).Drop(ctx) })
	if err != nil {
		t.Logf("the database %s stays behind: %v", name, err)
	}
}

// withDatabase returns uri with another database in its path. A name in the path is also where
// the driver authenticates unless the URI says otherwise, so it moves there.
func withDatabase(uri, name string) string {
	server, old, query := cutDatabase(uri)
	if old != "" && !strings.Contains(query, "authSource=") && strings.Contains(server, "@") {
		query = strings.TrimPrefix(query+"&authSource="+old, "&")
	}
	uri = server + "/" + name
	if query != "" {
		uri += "?" + query
	}
	return uri
}

func cutDatabase(uri string) (server, name, query string) {
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ = strings.Cut(rest, "?")
	server, name, _ = strings.Cut(rest, "/")
	return scheme + "://" + server, name, query
}
