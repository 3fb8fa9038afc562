package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

// masterKeyFile is the master key's name in the key folder.
const masterKeyFile = "master.key"

func openStore(ctx context.Context, cfg config.Config, opts Options) (store.Store, error) {
	dsn := cfg.Store.Reveal()
	if strings.HasPrefix(dsn, "mongodb://") || strings.HasPrefix(dsn, "mongodb+srv://") {
		return mongo.Open(ctx, dsn, mongo.Options{Standalone: cfg.MongoStandalone, Log: opts.Log, Now: opts.Now})
	}
	db, err := sqlite.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if opts.Exclusive {
		if err := db.LockExclusive(); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// findMasterKey returns the configured master key, or the one in the key folder. It makes one
// only for a store that holds no keys yet: for any other a new one would be the wrong one.
func findMasterKey(ctx context.Context, cfg config.Config, st store.KeySets) (masterkey.Key, error) {
	if cfg.MasterKey != "" {
		key, err := masterkey.Parse(cfg.MasterKey.Reveal())
		if err != nil {
			return masterkey.Key{}, fmt.Errorf("GATEHOUSE_MASTER_KEY: %w", err)
		}
		return key, nil
	}
	path := filepath.Join(cfg.KeyDir, masterKeyFile)
	key, err := masterkey.Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, kerr := st.KeySet(ctx)
	switch {
	case errors.Is(kerr, store.ErrNotFound):
		return masterkey.Create(path)
	case kerr != nil:
		return masterkey.Key{}, fmt.Errorf("look for signing keys: %w", kerr)
	default:
		return masterkey.Key{}, fmt.Errorf("%s is missing, and the store's signing keys are sealed with it: restore it from your backup, or set GATEHOUSE_MASTER_KEY", path)
	}
}

// mayCreateKeys refuses to make signing keys for a store that has users: it had keys once,
// and new ones would silently end every session.
func mayCreateKeys(ctx context.Context, st store.Users) error {
	users, err := st.Users(ctx, "", 1)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return errors.New("the store holds users and no signing keys: restore its key set from a backup")
	}
	return nil
}
