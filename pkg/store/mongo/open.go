package mongo

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// The collections. All but the last five carry consequences.
const (
	colUsers       = "users"
	colSessions    = "sessions"
	colInvitations = "invitations"
	colAPIKeys     = "apikeys"
	colKeySets     = "keysets"
	colOutbox      = "outbox"
	colIdentifiers = "identifiers"
	colCounters    = "counters"
	colAudit       = "audit"
	colHealth      = "health"
	colBlobs       = "blobs"
)

// Options is what Open needs to know beside the address.
type Options struct {
	// Standalone accepts a server that is no replica set. It can lose what it acknowledged,
	// so this is for tests and trials only.
	Standalone bool
	// Log receives warnings; nil drops them.
	Log *slog.Logger
	// Now tells the age of claims on names. It is required: time.Now outside tests.
	Now func() time.Time
	// Patience is how long one method may take before it is store.ErrUnavailable, for tests on a
	// machine that has much else to do. Zero means 3 s.
	Patience time.Duration
}

// Store is a store.Store in one MongoDB database. It is safe for concurrent use, by any number
// of processes.
type Store struct {
	client *mongo.Client
	db     *mongo.Database
	hosts  string
	now    func() time.Time
	log    *slog.Logger
	within times
	step   func(name string) error // a test stops a flow here; nil otherwise
}

var _ store.Store = (*Store)(nil)

// Open connects to the deployment that uri names ("mongodb://" or "mongodb+srv://") and makes
// the indexes of the database in its path, "gatehouse" when it has none. It refuses a URI that
// weakens the write concern, a real MongoDB older than 6.0 and, unless o.Standalone, a server
// that is no replica set; a server it cannot reach is store.ErrUnavailable. It takes a few
// seconds at most, and up to half a minute when an index is missing on a large collection.
func Open(ctx context.Context, uri string, o Options) (*Store, error) {
	return openNamed(ctx, uri, "", o)
}

// openNamed is Open for the database with this name, the URI's own when it is empty.
func openNamed(ctx context.Context, uri, as string, o Options) (*Store, error) {
	if o.Now == nil {
		return nil, errors.New("mongo: Options.Now is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	within := timesOf(o.Patience)
	settings, name, err := clientOptions(uri, o.Standalone, within)
	if err != nil {
		return nil, err
	}
	if as != "" {
		name = as
	}
	client, err := mongo.Connect(settings)
	if err != nil {
		return nil, unavailable("connect", err)
	}
	s := &Store{
		client: client, db: client.Database(name),
		hosts: strings.Join(settings.Hosts, ","), now: o.Now, log: o.Log, within: within,
	}
	if err := s.prepare(ctx, o.Standalone); err != nil {
		return nil, errors.Join(err, s.disconnect(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, standalone bool) error {
	server, err := s.server(ctx)
	if err != nil {
		return err
	}
	if err := server.accept(standalone, s.hosts); err != nil {
		return err
	}
	if server.standalone() {
		s.log.WarnContext(ctx, "this MongoDB is no replica set: it can lose what it has acknowledged", "server", server.String())
	}
	if err := s.index(ctx); err != nil {
		return err
	}
	return s.catchUp(ctx)
}

// Close disconnects. Calls still running fail with store.ErrUnavailable.
func (s *Store) Close() error { return s.disconnect(context.Background()) }

func (s *Store) disconnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	return s.client.Disconnect(ctx)
}

func (s *Store) coll(name string) *mongo.Collection { return s.db.Collection(name) }

func (s *Store) at(step string) error {
	if s.step == nil {
		return nil
	}
	return s.step(step)
}
