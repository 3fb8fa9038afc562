package picture_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// world is a service and somebody who has an account there.
type world struct {
	*dialecttest.Server
	by identity.Actor
}

func start(t *testing.T, env ...string) world {
	t.Helper()
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: env})
	a := s.NewUser(t, "ada@example.com", identity.Customer)
	by, err := s.App.Sessions.Authenticate(t.Context(), a.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return world{s, by}
}

func (w world) set(t *testing.T, data []byte) picture.Stored {
	t.Helper()
	p, err := w.App.Pictures.Set(t.Context(), w.by, data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w world) there(t *testing.T, id string) bool {
	t.Helper()
	_, err := w.App.Pictures.Open(t.Context(), id)
	if err != nil && !errors.Is(err, picture.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func (w world) user(t *testing.T) identity.User {
	t.Helper()
	u, err := w.App.Store.User(t.Context(), w.by.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAPictureIsKeptForAsLongAsItIsShown(t *testing.T) {
	w := start(t)
	if url := w.App.Pictures.URL(w.user(t)); url != "" {
		t.Fatalf("somebody without a picture has one at %s", url)
	}
	data := asPNG(t, halves(600, 300, red, blue))
	first := w.set(t, data)
	id := w.user(t).Picture
	b, err := w.App.Pictures.Open(t.Context(), id)
	if err != nil || b.Type != picture.JPEG || !b.CreatedAt.Equal(w.Clock.Now()) {
		t.Fatalf("the picture is %s of %v, error %v", b.Type, b.CreatedAt, err)
	}
	want := picture.Stored{
		User: w.user(t), URL: "http://localhost:8080/pictures/" + id, Size: int64(len(b.Data)), Original: int64(len(data)), Method: "reencoded",
	}
	if first.URL != want.URL || first.Size != want.Size || first.Original != want.Original || first.Method != want.Method || first.User.Picture != id {
		t.Fatalf("got %+v, want %+v", first, want)
	}
	w.Clock.Advance(time.Hour)
	w.Settle(t)
	if !w.there(t, id) {
		t.Fatal("the picture is gone after an hour")
	}
	second := w.set(t, data).User.Picture
	w.Settle(t)
	if second == id || w.there(t, id) || !w.there(t, second) {
		t.Fatalf("replaced: the old one is there %t, the new one %t", w.there(t, id), w.there(t, second))
	}
	for range 2 {
		if err := w.App.Pictures.Remove(t.Context(), w.by); err != nil {
			t.Fatal(err)
		}
	}
	w.Settle(t)
	if w.there(t, second) || w.user(t).Picture != "" {
		t.Fatal("the picture is there after it was removed")
	}
	var log strings.Builder
	if err := w.App.Audit.Export(t.Context(), &log); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), `"picture_changed"`); n != 3 {
		t.Errorf("the audit log tells of %d changes, want 3", n)
	}
}

func TestAPictureGoesWithItsAccount(t *testing.T) {
	w := start(t)
	id := w.set(t, asPNG(t, halves(8, 8, red, blue))).User.Picture
	if _, err := w.App.Accounts.Delete(t.Context(), dialecttest.Operator, w.by.User.ID); err != nil {
		t.Fatal(err)
	}
	w.Settle(t)
	if w.there(t, id) {
		t.Fatal("the picture outlives its account")
	}
	_, err := w.App.Pictures.Set(t.Context(), w.by, asPNG(t, halves(8, 8, red, blue)))
	if err == nil {
		t.Fatal("an account that is gone gets a picture")
	}
}

// The release of a picture that is shown again, or of one whose account is unknown, comes at any
// time and any number of times.
func TestAReleaseIsDecidedWhenItIsCarriedOut(t *testing.T) {
	w := start(t)
	shown := w.set(t, asPNG(t, halves(8, 8, red, blue))).User.Picture
	orphan := store.Blob{ID: opaque.Random(opaque.IDLength), Type: picture.PNG, Data: []byte("x")}
	other := store.Blob{ID: opaque.Random(opaque.IDLength), Type: picture.PNG, Data: []byte("x")}
	for _, b := range []store.Blob{orphan, other} {
		if err := w.App.Store.PutBlob(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	batch := []identity.Consequence{
		account.ReleasePicture(w.by.User.ID, shown, w.Clock.Now()), account.ReleasePicture(opaque.Random(28), orphan.ID, w.Clock.Now()),
		account.ReleasePicture(w.by.User.ID, other.ID, w.Clock.Now()), account.ReleasePicture(w.by.User.ID, opaque.Random(20), w.Clock.Now()),
	}
	for range 2 {
		if err := w.App.Pictures.CarryOutReleases(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if !w.there(t, shown) || w.there(t, orphan.ID) || w.there(t, other.ID) {
			t.Fatal("the wrong pictures are gone")
		}
	}
	if err := w.App.Pictures.CarryOutReleases(t.Context(), []identity.Consequence{{ID: "x", Data: []byte("[]")}}); err == nil {
		t.Error("one that cannot be read is carried out")
	}
}

func TestUploadsOfAnAccountAreCounted(t *testing.T) {
	w := start(t, "GATEHOUSE_LIMIT_UPLOAD=3/1h")
	for _, data := range [][]byte{asPNG(t, halves(8, 8, red, blue)), []byte("no picture"), asPNG(t, halves(8, 8, red, blue))} {
		if _, err := w.App.Pictures.Set(t.Context(), w.by, data); errors.Is(err, limit.ErrRateLimited) {
			t.Fatal("refused before the budget is used up")
		}
	}
	if _, err := w.App.Pictures.Set(t.Context(), w.by, asPNG(t, halves(8, 8, red, blue))); !errors.Is(err, limit.ErrRateLimited) {
		t.Fatalf("the fourth gives %v", err)
	}
	if err := w.App.Pictures.Remove(t.Context(), w.by); err != nil {
		t.Fatalf("nobody can remove their picture for it: %v", err)
	}
	w.Clock.Advance(time.Hour)
	w.set(t, asPNG(t, halves(8, 8, red, blue)))
}

// failing is a place for blobs that is not there.
type failing struct {
	store.Blobs
	err error
}

func (f failing) PutBlob(context.Context, store.Blob) error { return f.err }

func (f failing) Blob(context.Context, string) (store.Blob, error) { return store.Blob{}, f.err }

func (f failing) DeleteBlob(context.Context, string) error { return f.err }

func TestNothingChangesWhenBlobsCannotBeKept(t *testing.T) {
	w := start(t)
	before := w.set(t, asPNG(t, halves(8, 8, red, blue))).User
	for _, err := range []error{store.ErrUnavailable, store.ErrExists} {
		w.App.Pictures.Blobs = failing{w.App.Store, err}
		if _, got := w.App.Pictures.Set(t.Context(), w.by, asPNG(t, halves(8, 8, blue, red))); got == nil || errors.Is(got, store.ErrUnavailable) != errors.Is(err, store.ErrUnavailable) {
			t.Errorf("setting gives %v", got)
		}
	}
	w.App.Pictures.Blobs = failing{w.App.Store, store.ErrUnavailable}
	if _, err := w.App.Pictures.Open(t.Context(), before.Picture); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, picture.ErrNotFound) {
		t.Errorf("opening gives %v", err)
	}
	if err := w.App.Pictures.CarryOutReleases(t.Context(), []identity.Consequence{account.ReleasePicture("nobody", "x", w.Clock.Now())}); err == nil {
		t.Error("a release is carried out where nothing can be deleted")
	}
	w.App.Pictures.Blobs = w.App.Store
	if w.user(t).Picture != before.Picture || !w.there(t, before.Picture) {
		t.Error("the old picture is not shown any more")
	}
}

func TestIDsThatCannotBeOursReachNoStore(t *testing.T) {
	w := start(t)
	w.App.Pictures.Blobs = failing{nil, errors.New("it was asked")}
	for _, id := range []string{"", "x", "../../etc/passwd", strings.Repeat("a", 19), strings.Repeat("a", 21), strings.Repeat("a", 19) + "/", strings.Repeat("a", 19) + "\x00", strings.Repeat("ä", 10)} {
		if _, err := w.App.Pictures.Open(t.Context(), id); !errors.Is(err, picture.ErrNotFound) {
			t.Errorf("%q gives %v", id, err)
		}
	}
}
