package provider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
)

const (
	keysAge    = 10 * time.Second // how long a key set answers for keys that are not in it
	noKeysWait = 3 * time.Second  // how long a failure to fetch it is not tried again
)

// Why a provider is of no use. None repeats what it said.
var (
	errOtherIssuer = errors.New("the document is of another issuer")
	errEndpoints   = errors.New("the document names endpoints that may not be called, or too few")
	errAlgorithms  = errors.New("the provider signs with nothing that is taken here")
	errKeys        = errors.New("the key set cannot be read")
	errNonsense    = errors.New("the answer cannot be read")
)

// keySet returns the provider's keys. go-oidc fetches them whenever it is shown a key id or a
// signature that it does not know, which anybody can make up: the transport answers it from memory
// for a while, so that a flood of such tokens is one fetch every ten seconds.
func (p *Provider) keySet(at string) oidc.KeySet {
	client := *p.client.HTTP()
	client.Transport = &remembering{next: client.Transport, now: p.now}
	return oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), &client), at)
}

// remembering is a transport for one URL.
type remembering struct {
	next http.RoundTripper
	now  func() time.Time

	mu    sync.Mutex
	body  []byte
	err   error
	until time.Time
}

// RoundTrip answers with the key set or fails with an error that wraps errKeys. go-oidc has one
// call under way at a time, so that the lock keeps nobody waiting.
func (r *remembering) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); !now.Before(r.until) {
		r.body, r.err = r.fetch(req)
		if r.until = now.Add(keysAge); r.err != nil {
			r.until = now.Add(noKeysWait)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(r.body)), ContentLength: int64(len(r.body)),
	}, nil
}

func (r *remembering) fetch(req *http.Request) ([]byte, error) {
	res, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, errors.Join(errKeys, outbound.Reason(err))
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, errors.Join(errKeys, outbound.Reason(err))
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if res.StatusCode != http.StatusOK || json.Unmarshal(body, &set) != nil {
		return nil, errKeys
	}
	if set.Keys = slices.DeleteFunc(set.Keys, isStrange); len(set.Keys) == 0 {
		return nil, errKeys
	}
	if body, err = json.Marshal(set); err != nil {
		return nil, errKeys
	}
	return body, nil
}

// isStrange reports whether a key is not understood. Such a key is passed over (RFC 7517 section 5);
// the verifier would read none of a set that has one.
func isStrange(text jsontext.Value) bool {
	var key jose.JSONWebKey
	return key.UnmarshalJSON(text) != nil || !key.Valid()
}

// watched tells a signature that is wrong from keys that could not be fetched, which the verifier
// reports alike. It is of one verification.
type watched struct {
	oidc.KeySet
	down error
}

func (w *watched) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := w.KeySet.VerifySignature(ctx, token)
	switch {
	case errors.Is(err, errKeys):
		w.down = errKeys
	case err != nil && ctx.Err() != nil:
		w.down = ctx.Err()
	}
	return payload, err
}
