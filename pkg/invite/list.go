package invite

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Query selects a page of invitations.
type Query struct {
	State  identity.InvitationState // empty means every state
	Cursor string                   // empty means from the newest; else Page.Next of the page before
	Limit  int                      // 0 means 50; at most 100
}

// Page is one page of invitations, newest first. Next is empty on the last one.
type Page struct {
	Invitations []identity.Invitation
	Next        string
}

// List returns a page of invitations. The codes are not in it: nobody has them any more.
func (s *Service) List(ctx context.Context, q Query) (Page, error) {
	states := []identity.InvitationState{
		"", identity.InvitationPending, identity.InvitationUsed, identity.InvitationExpired, identity.InvitationRevoked,
	}
	if !slices.Contains(states, q.State) {
		return Page{}, fault.InvalidField("state", "unknown_value", "state is one of pending, used, expired, revoked")
	}
	if q.Limit == 0 {
		q.Limit = defaultListLimit
	}
	if q.Limit < 1 || q.Limit > maxListLimit {
		return Page{}, fault.InvalidField("limit", "out_of_range", fmt.Sprintf("limit is 1 to %d", maxListLimit))
	}
	before, id, ok := parseCursor(q.Cursor)
	if !ok {
		return Page{}, fault.InvalidField("cursor", "invalid_cursor", "cursor is not one that a page gave out")
	}
	found, err := s.Store.Invitations(ctx, store.InvitationFilter{
		State: q.State, Now: s.Now(), Before: before, BeforeID: id, Limit: q.Limit + 1,
	})
	if err != nil {
		return Page{}, fmt.Errorf("invite: list: %w", err)
	}
	page := Page{Invitations: found}
	if len(found) > q.Limit {
		page.Invitations = found[:q.Limit]
		last := page.Invitations[q.Limit-1]
		page.Next = cursor(last)
	}
	return page, nil
}

// A cursor names the last invitation of a page. It opens nothing that its reader may not
// list anyway, so that it needs no signature; parseCursor takes only what cursor could have
// written, so that nothing else reaches the store.
func cursor(last identity.Invitation) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(last.CreatedAt.UnixMilli(), 10) + "." + last.ID))
}

func parseCursor(s string) (before time.Time, id string, ok bool) {
	if s == "" {
		return time.Time{}, "", true
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return time.Time{}, "", false
	}
	ms, id, _ := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n <= 0 || n > lastMilli || !isID(id) {
		return time.Time{}, "", false
	}
	before = time.UnixMilli(n).UTC()
	return before, id, cursor(identity.Invitation{ID: id, CreatedAt: before}) == s
}

// lastMilli is the end of the year 9999, beyond which times cannot be written.
const lastMilli = 253_402_300_799_999

func isID(s string) bool {
	return len(s) == opaque.IDLength && !strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
