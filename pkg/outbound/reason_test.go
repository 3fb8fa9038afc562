package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAnAddressThatIsNamedIsMeant: also one that no name may lead to. 0.0.0.0 is this machine.
func TestAnAddressThatIsNamedIsMeant(t *testing.T) {
	at := strings.Replace(serve(t, func(http.ResponseWriter, *http.Request) {}), "127.0.0.1", "0.0.0.0", 1)
	if status, _, err := get(t, client(t, at), at); err != nil || status != http.StatusOK {
		t.Errorf("got %d, %v", status, err)
	}
}

func TestTheReasonSaysThatACertificateIsNotGood(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	if _, _, err := get(t, client(t, srv.URL), srv.URL); err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("got %v", err)
	}
}
