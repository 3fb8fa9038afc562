package mongo_test

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestAppendAuditThatFindsALaterPlaceTakenDoesNotClaimThatNothingWasStored(t *testing.T) {
	k := newKit(t)
	k.ok(k.AppendAudit(t.Context(), identity.AuditEntry{Seq: 1, ID: "a"}, identity.AuditEntry{Seq: 2, ID: "b"}))
	_, err := k.DB().Collection("audit").DeleteOne(t.Context(), bson.M{"_id": 1})
	k.ok(err)
	err = k.AppendAudit(t.Context(), identity.AuditEntry{Seq: 1, ID: "c"}, identity.AuditEntry{Seq: 2, ID: "d"})
	k.refused(err, store.ErrUnavailable)
	recorded, err := k.AuditRecorded(t.Context(), "c", "d")
	if err != nil || !recorded["c"] || recorded["d"] {
		t.Fatalf("recorded is %v (error %v), want c alone", recorded, err)
	}
}

func TestTheCountOfOpenReservationsFollowsTheUses(t *testing.T) {
	k := newKit(t)
	reserved := func() int64 {
		var doc struct {
			Reserved int64 `bson:"reserved"`
		}
		k.ok(k.DB().Collection("invitations").FindOne(t.Context(), bson.M{"_id": "i"}).Decode(&doc))
		return doc.Reserved
	}
	steps := []struct {
		name string
		do   func() error
		want int64
	}{
		{"a new one with a use reserved and one confirmed", func() error {
			return k.CreateInvitation(t.Context(), identity.Invitation{
				ID: "i", MaxUses: 9, Left: 7, ExpiresAt: start.Add(time.Hour),
				Uses: []identity.Use{{UserID: "x"}, {UserID: "y", Confirmed: true}},
			})
		}, 1},
		{"a reservation", func() error { _, err := k.ReserveUse(t.Context(), "i", nil, "u", start); return err }, 2},
		{"a confirmation", func() error { return k.ConfirmUse(t.Context(), "i", "u") }, 1},
		{"another confirmation", func() error { return k.ConfirmUse(t.Context(), "i", "u") }, 1},
		{"a use given back", func() error { return k.FreeUse(t.Context(), "i", "x") }, 0},
		{"a use given back again", func() error { return k.FreeUse(t.Context(), "i", "x") }, 0},
	}
	for _, s := range steps {
		k.ok(s.do())
		if got := reserved(); got != s.want {
			t.Fatalf("after %s %d are open, want %d", s.name, got, s.want)
		}
	}
}

func TestAFieldOfANewerVersionOutlivesAnUpdate(t *testing.T) {
	k := newKit(t)
	k.ok(k.CreateUser(t.Context(), user("u", "a@example.com")))
	_, err := k.DB().Collection("users").UpdateOne(t.Context(), bson.M{"_id": "u"}, bson.M{"$set": bson.M{"from_the_future": "x"}})
	k.ok(err)
	k.ok(k.UpdateUser(t.Context(), user("u", "b@example.com")))
	n, err := k.DB().Collection("users").CountDocuments(t.Context(), bson.M{"_id": "u", "from_the_future": "x", "rev": 2})
	if err != nil || n != 1 {
		t.Fatalf("the field is gone (error %v)", err)
	}
}
