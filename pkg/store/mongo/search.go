package mongo

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// fewFound is how many accounts a search by words may find and still be put in order here, by
// one query for their keys. More are counted and ordered by the server, which takes two.
const fewFound = 5000

// search is what an account is found by. It is derived from the account and lies in the same
// record, so one write changes both. A node of a version without a search changes the account
// alone: it is then found by what it was, until it is changed again. While old and new nodes run
// side by side that has to be lived with.
type search struct {
	Active bool     `bson:"active"`
	Terms  []string `bson:"terms"`
}

func searchOf(u identity.User) search { return search{Active: u.Active(), Terms: u.SearchTerms()} }

// foundKey is the place of an account among those found. The indexes hold all of it, so that no
// account is read before it is known to be on the page.
type foundKey struct {
	ID        string    `bson:"_id"`
	CreatedAt time.Time `bson:"created_at"`
}

// SearchUsers implements store.Users.
func (s *Store) SearchUsers(ctx context.Context, q store.UserQuery) ([]identity.User, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	q.Skip, q.Limit = max(0, q.Skip), max(0, q.Limit)
	keys, total, err := s.searchKeys(ctx, q, fewFound)
	if err != nil || len(keys) == 0 {
		return nil, total, err
	}
	page, err := s.usersByKey(ctx, keys)
	return page, total, err
}

// searchKeys returns the keys of the page that q asks for, and how many it finds in all.
func (s *Store) searchKeys(ctx context.Context, q store.UserQuery, few int) ([]foundKey, int64, error) {
	filter := searchFilter(q)
	if len(q.Words) > 0 {
		keys, err := s.findKeys(ctx, filter, few+1)
		if err != nil {
			return nil, 0, err
		}
		if n := len(keys); n <= few {
			slices.SortFunc(keys, func(a, b foundKey) int {
				return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
			})
			from := min(q.Skip, n)
			return keys[from:min(from+q.Limit, n)], int64(n), nil
		}
	}
	var keys []foundKey
	found := make(chan error, 1)
	go func() {
		var err error
		if q.Limit > 0 { // to the server 0 would mean all of them
			keys, err = s.findKeys(ctx, filter, q.Limit, options.Find().SetSort(desc("created_at", "_id")).SetSkip(int64(q.Skip)))
		}
		found <- err
	}()
	total, err := s.coll(colUsers).CountDocuments(ctx, filter)
	if err := <-found; err != nil {
		return nil, 0, err
	}
	if err != nil {
		return nil, 0, unavailable("count users", err)
	}
	return keys, total, nil
}

// findKeys returns the keys of up to limit accounts.
func (s *Store) findKeys(ctx context.Context, filter bson.M, limit int, o ...options.Lister[options.FindOptions]) ([]foundKey, error) {
	keysOnly := options.Find().SetProjection(bson.M{"_id": 1, "created_at": 1}).SetBatchSize(int32(min(limit, fewFound+1))) //nolint:gosec // it is small
	return list[foundKey](ctx, s, colUsers, filter, nil, limit, append(o, keysOnly)...)
}

// searchFilter returns what an account must be like. An account that is not active has no terms.
func searchFilter(q store.UserQuery) bson.M {
	filter := bson.M{}
	if q.UserType != "" {
		filter["user_type"] = q.UserType
	}
	if len(q.Words) == 0 {
		filter["active"] = true
		return filter
	}
	begins := make(bson.A, 0, len(q.Words))
	for _, w := range q.Words {
		begins = append(begins, bson.M{"terms": beginning(w)})
	}
	filter["$and"] = begins
	return filter
}

// beginning matches a list with an element that begins with a word: a range of the index.
func beginning(word string) any {
	pattern := bson.Regex{Pattern: "^" + regexp.QuoteMeta(word)}
	if strings.HasPrefix(word, "[") { // mongo-java-server also tries the list as text, "[a, b]"
		return bson.M{"$elemMatch": bson.M{"$regex": pattern.Pattern}}
	}
	return pattern
}

// usersByKey returns accounts in the order of their keys, without those that are gone by now.
func (s *Store) usersByKey(ctx context.Context, keys []foundKey) ([]identity.User, error) {
	ids := make(bson.A, 0, len(keys))
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	users, err := list[identity.User](ctx, s, colUsers, bson.M{"_id": bson.M{"$in": ids}}, nil, len(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]identity.User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	page := make([]identity.User, 0, len(keys))
	for _, k := range keys {
		if u, ok := byID[k.ID]; ok && u.Active() {
			page = append(page, u)
		}
	}
	return page, nil
}

// catchUp makes accounts findable that were written before there was a search. With very many of
// them the start does not wait: the sweeps go on with it.
func (s *Store) catchUp(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, indexTime)
	defer cancel()
	for more := true; more; {
		var err error
		more, err = s.makeFindable(bounded)
		switch {
		case bounded.Err() != nil && ctx.Err() == nil:
			s.log.WarnContext(ctx, "older accounts are still being made findable; until then a search may miss them")
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// makeFindable gives terms to one batch of accounts that have none, unless somebody changes them
// meanwhile, who then does it. More reports whether there may be another.
func (s *Store) makeFindable(ctx context.Context) (more bool, err error) {
	late, err := list[identity.User](ctx, s, colUsers, bson.M{"terms": nil}, nil, sweepBatch)
	if err != nil || len(late) == 0 {
		return false, err
	}
	writes := make([]mongo.WriteModel, 0, len(late))
	for _, u := range late {
		writes = append(writes, mongo.NewUpdateOneModel().
			SetFilter(bson.M{"_id": u.ID, "rev": u.Rev}).SetUpdate(bson.M{"$set": searchOf(u)}))
	}
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	if _, err := s.coll(colUsers).BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false)); err != nil {
		return false, unavailable("make users findable", err)
	}
	return len(late) == sweepBatch, nil
}
