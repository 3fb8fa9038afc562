package app_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// objects starts an object store with one bucket and returns its host.
func objects(t *testing.T) (*s3mem.Backend, string) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(srv.Close)
	return backend, strings.TrimPrefix(srv.URL, "http://")
}

func TestPicturesLieInTheBucketThatIsConfigured(t *testing.T) {
	backend, host := objects(t)
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{
		Env: []string{"GATEHOUSE_BLOBS=s3://access:s%2Fecret@" + host + "/pictures?tls=off&prefix=a/"},
	})
	by, err := s.App.Sessions.Authenticate(t.Context(), s.NewUser(t, "ada@example.com", identity.Customer).AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	p, err := s.App.Pictures.Set(t.Context(), by, file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.HeadObject("pictures", "a/"+p.User.Picture); err != nil {
		t.Errorf("the object: %v", err)
	}
	if _, err := s.App.Store.Blob(t.Context(), p.User.Picture); err == nil {
		t.Error("the picture is in the store as well")
	}
	if r := s.Do(t, dialecttest.Request{Path: strings.TrimPrefix(p.URL, s.App.Config.PublicURL)}); r.Status != 200 {
		t.Errorf("the picture is answered %d", r.Status)
	}
	if err := s.App.Pictures.Remove(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	s.Settle(t)
	if _, err := backend.HeadObject("pictures", "a/"+p.User.Picture); err == nil {
		t.Error("the object outlives the picture")
	}
}

func TestABucketThatIsNotThereStopsTheStart(t *testing.T) {
	_, host := objects(t)
	for _, place := range []string{host + "/other", "127.0.0.1:1/pictures"} {
		cfg, err := config.FromEnv([]string{
			"GATEHOUSE_STORE=" + t.TempDir() + "/db", "GATEHOUSE_KEY_DIR=" + t.TempDir(), "GATEHOUSE_BLOBS=s3://access:s%2Fecret@" + place + "?tls=off",
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = app.Open(t.Context(), cfg, app.Options{})
		if err == nil || !strings.Contains(err.Error(), "GATEHOUSE_BLOBS") || strings.Contains(err.Error(), "ecret") {
			t.Errorf("%s: the start gives %v", place, err)
		}
	}
}
