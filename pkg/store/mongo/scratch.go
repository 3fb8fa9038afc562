package mongo

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// scratchPrefix begins the names of databases that are made to be dropped.
const scratchPrefix = "gatehouse_scratch_"

// OpenScratch is Open for a new database of its own, whatever database the URI names. Discard
// closes the store and drops that database, and no other.
func OpenScratch(ctx context.Context, uri string, o Options) (s *Store, discard func() error, err error) {
	s, err = openNamed(ctx, uri, scratchPrefix+opaque.Random(12), o)
	if err != nil {
		return nil, nil, err
	}
	return s, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), indexTime)
		defer cancel()
		return errors.Join(s.db.Drop(ctx), s.disconnect(ctx))
	}, nil
}
