package s3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/s3"
	"github.com/gatehouse-id/gatehouse/pkg/store/storetest"
)

const bucket = "blobs"

// serve starts an object store with one bucket behind whatever stands in front of it.
func serve(t *testing.T, front func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0)).Server()
	if front != nil {
		handler = front(handler)
	}
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv
}

func options(srv *httptest.Server) s3.Options {
	return s3.Options{
		Endpoint: strings.TrimPrefix(srv.URL, "http://"), Bucket: bucket, AccessKey: "access", SecretKey: "secret-of-the-bucket",
		Prefix: "pictures/", Timeout: time.Hour,
	}
}

func open(t *testing.T, srv *httptest.Server) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), options(srv))
	if err != nil {
		t.Fatal(err)
	}
	s.GiveUpAfter(time.Hour)
	return s
}

func TestConformance(t *testing.T) {
	storetest.RunBlobs(t, func(t *testing.T) store.Blobs { return open(t, serve(t, nil)) })
}
