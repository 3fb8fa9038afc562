package mongo

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// usualTime is how long a method may take: so soon a caller must learn that the database is away.
const usualTime = 3 * time.Second

// times are how long things may take. A write leaves the last third of a method's time to find
// out what came of it.
type times struct{ method, write, choose, tidy time.Duration }

func timesOf(method time.Duration) times {
	third := cmp.Or(method, usualTime) / 3
	return times{method: 3 * third, write: 2 * third, choose: 2 * third, tidy: third}
}

const (
	defaultDatabase = "gatehouse"
	maxPool         = 100
	minPool         = 5
)

// clientOptions reads the URI and returns it with everything set that correctness rests on.
func clientOptions(uri string, standalone bool, within times) (*options.ClientOptions, string, error) {
	o := options.Client().ApplyURI(uri)
	if err := o.Validate(); err != nil {
		return nil, "", fmt.Errorf("mongo: the store's URI is not valid: %w", err)
	}
	if err := checkDurability(o); err != nil {
		return nil, "", err
	}
	name, err := databaseName(uri)
	if err != nil {
		return nil, "", err
	}
	if o.MaxPoolSize == nil {
		o.SetMaxPoolSize(maxPool)
	}
	if o.MinPoolSize == nil {
		o.SetMinPoolSize(min(minPool, *o.MaxPoolSize))
	}
	// Amazon DocumentDB asks for retryWrites=false in its URI; nothing here depends on it.
	o.SetRetryWrites(!standalone && (o.RetryWrites == nil || *o.RetryWrites)).SetRetryReads(true)
	o.SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority()).SetReadPreference(readpref.Primary())
	o.SetTimeout(within.method).SetServerSelectionTimeout(within.choose).SetConnectTimeout(within.choose)
	o.SetBSONOptions(bsonOptions()).SetRegistry(registry()).SetAppName("gatehouse")
	return o, name, nil
}

// checkDurability refuses what would be overruled, so that nobody believes to have it.
func checkDurability(o *options.ClientOptions) error {
	if w := o.WriteConcern; w != nil {
		if w.W != nil && w.W != writeconcern.WCMajority {
			return fmt.Errorf("mongo: the store's URI says w=%v: an acknowledged write must be on a majority of the members; leave w out or say w=majority", w.W)
		}
		if w.Journal != nil && !*w.Journal {
			return errors.New("mongo: the store's URI says journal=false: an acknowledged write must be journaled; leave it out")
		}
	}
	if r := o.ReadConcern; r != nil && r.Level != "majority" {
		return fmt.Errorf("mongo: the store's URI says readConcernLevel=%s: what is read must be on a majority of the members; leave it out", r.Level)
	}
	if p := o.ReadPreference; p != nil && p.Mode() != readpref.PrimaryMode {
		return fmt.Errorf("mongo: the store's URI says readPreference=%v: a secondary may still know a session that has ended; leave it out", p.Mode())
	}
	return nil
}

// databaseName returns the database in the URI's path.
func databaseName(uri string) (string, error) {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(path)
	switch {
	case err != nil || strings.ContainsAny(name, "/\\. \"$*<>:|?\x00"):
		return "", errors.New("mongo: the store's URI does not name a valid database")
	case name == "":
		return defaultDatabase, nil
	default:
		return name, nil
	}
}
