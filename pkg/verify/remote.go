package verify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	timeout = 5 * time.Second
	maxBody = 1 << 20
)

// remote speaks to the issuer.
type remote struct{ client *http.Client }

// get reads a document and its header.
func (r *remote) get(ctx context.Context, address string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	return r.do(req)
}

// post sends a form with an API key.
func (r *remote) post(ctx context.Context, address, key string, form url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Api-Key", key)
	req.Header["Idempotency-Key"] = nil // not sent; lets net/http try again on a new connection
	body, _, err := r.do(req)
	return body, err
}

// do returns the body of a 200, of at most maxBody bytes.
func (r *remote) do(req *http.Request) ([]byte, http.Header, error) {
	req.Header.Set("Accept", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s answered %d", req.URL.Redacted(), resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, nil, err
	}
	if len(body) > maxBody {
		return nil, nil, fmt.Errorf("%s answered more than %d bytes", req.URL.Redacted(), maxBody)
	}
	return body, resp.Header, nil
}
