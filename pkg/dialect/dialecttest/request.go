package dialecttest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// Request is one HTTP request as data.
type Request struct {
	Method string // empty means POST with a Body, and else GET
	Path   string
	Body   string
	Type   string            // of Body; empty means application/json
	Key    string            // x-api-key
	Bearer string            // access token
	ID     string            // of a session, as X-Session-ID
	Bridge string            // X-Bridge-Secret
	Host   string            // empty means the address that the server listens on
	Header map[string]string // anything else, set as it is spelled
}

// Response is an answer, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// JSON decodes the body into v.
func (r Response) JSON(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), v); err != nil {
		t.Fatalf("%v in %d %s", err, r.Status, r.Body)
	}
}

// Code returns the code of an error, empty for any other answer. A Flowless 429 has none and says
// what it is as its error.
func (r Response) Code() string {
	var p struct {
		Code  string `json:"code"`
		Error string `json:"error"`
	}
	_ = json.Unmarshal([]byte(r.Body), &p) // not JSON: no code
	return cmp.Or(p.Code, p.Error)
}

// Try sends a request and returns the answer or what kept it from coming. It may be called
// from any goroutine.
func (s *Server) Try(q Request) (Response, error) { return s.TryFor(context.Background(), q) }

// TryFor is Try for a client that hangs up when ctx ends.
func (s *Server) TryFor(ctx context.Context, q Request) (Response, error) {
	method := q.Method
	if method == "" {
		method = http.MethodGet
		if q.Body != "" {
			method = http.MethodPost
		}
	}
	var body io.Reader = http.NoBody
	if q.Body != "" {
		body = bytes.NewBufferString(q.Body)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+q.Path, body)
	if err != nil {
		return Response{}, err
	}
	q.headers(req)
	resp, err := client.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	r := Response{Status: resp.StatusCode, Header: resp.Header, Body: string(raw)}
	if err == nil && q.Host == "" { // the description is of the main host
		s.promise.check(req, q.Body, r)
	}
	return r, err
}

// client keeps enough connections for the races and follows no redirect.
var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 200},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (q Request) headers(req *http.Request) {
	if q.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.Type != "" {
		req.Header.Set("Content-Type", q.Type)
	}
	if q.Key != "" {
		req.Header.Set("x-api-key", q.Key)
	}
	if q.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+q.Bearer)
	}
	if q.ID != "" {
		req.Header.Set("X-Session-ID", q.ID)
	}
	if q.Bridge != "" {
		req.Header.Set("X-Bridge-Secret", q.Bridge)
	}
	if q.Host != "" {
		req.Host = q.Host
	}
	for name, value := range q.Header {
		req.Header[name] = []string{value}
	}
}

// Do sends a request and returns the answer.
func (s *Server) Do(t testing.TB, q Request) Response {
	t.Helper()
	r, err := s.Try(q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Authorization is a decoded AuthorizationResponse, with the password for those who need it
// again.
type Authorization struct {
	Email        string `json:"email"`
	ExpiresIn    int64  `json:"expiresIn"`
	AccessToken  string `json:"accessToken"`
	LocalID      string `json:"localId"`
	RefreshToken string `json:"refreshToken"`
	Password     string `json:"-"`
}

// JSON returns v as the body of a request.
func JSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test's own values
	}
	return string(raw)
}

// Login signs in by password through the native dialect.
func (s *Server) Login(t testing.TB, email, password string) Authorization {
	t.Helper()
	return s.authorized(t, Request{
		Path: "/auth/login", Key: s.Publishable, Body: JSON(map[string]string{"email": email, "password": password}),
	}, http.StatusOK)
}

// Register registers through the native dialect.
func (s *Server) Register(t testing.TB, email, password string) Authorization {
	t.Helper()
	a := s.authorized(t, Request{
		Path: "/auth/register", Key: s.Publishable, Body: JSON(map[string]string{"email": email, "password": password}),
	}, http.StatusCreated)
	a.Password = password
	return a
}

// Refresh renews through the native dialect.
func (s *Server) Refresh(t testing.TB, refreshToken string) Authorization {
	t.Helper()
	return s.authorized(t, Request{Path: "/auth/refreshToken", Body: JSON(map[string]string{"refreshToken": refreshToken})}, http.StatusOK)
}

func (s *Server) authorized(t testing.TB, q Request, want int) Authorization {
	t.Helper()
	r := s.Do(t, q)
	if r.Status != want {
		t.Fatalf("%s: got %d %s, want %d", q.Path, r.Status, r.Body, want)
	}
	var a Authorization
	r.JSON(t, &a)
	return a
}

// Me returns the status of GET /auth/me with an access token: 200 while its session lives.
func (s *Server) Me(t testing.TB, accessToken string) int {
	t.Helper()
	return s.Do(t, Request{Path: "/auth/me", Bearer: accessToken}).Status
}
