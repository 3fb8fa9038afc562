package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// about names an operation in the report.
type about struct{ name, method, path string }

// operation is something to measure.
type operation struct {
	about
	// fresh asks for access tokens that are new when the measurement begins.
	fresh bool
	// script writes the part of connection i of n. The crowd has at least n users.
	script func(t target, crowd []*user, i, n int) *script
}

// operations returns what is measured, in the order in which it is. Signing in and registering
// make the store larger; what comes after them meets that store.
func operations() []operation {
	return []operation{
		{about: about{"me", http.MethodGet, "/auth/me"}, fresh: true, script: readMe},
		{about: about{"refresh", http.MethodPost, "/auth/refreshToken"}, script: chainRefreshes},
		{about: about{"login", http.MethodPost, "/auth/login"}, script: signIn},
		{about: about{"jwks", http.MethodGet, "/.well-known/jwks.json"}, script: readKeys},
		{about: about{"introspect", http.MethodPost, "/auth/introspect"}, fresh: true, script: introspect},
		{about: about{"register", http.MethodPost, "/auth/register"}, script: signUp},
	}
}

// cast writes the scripts for n connections.
func (o operation) cast(ctx context.Context, t target, crowd []*user, n int) ([]*script, error) {
	if o.fresh {
		if err := renew(ctx, t, crowd[:n]); err != nil {
			return nil, err
		}
	}
	scripts := make([]*script, n)
	for i := range scripts {
		scripts[i] = o.script(t, crowd, i, n)
	}
	return scripts, nil
}

func readMe(t target, crowd []*user, i, _ int) *script {
	r := request{method: http.MethodGet, path: "/auth/me", host: t.host, bearer: crowd[i].access}
	return &script{request: r.bytes(), want: fmt.Appendf(nil, `"localId":%q`, crowd[i].id)}
}

func readKeys(t target, _ []*user, _, _ int) *script {
	r := request{method: http.MethodGet, path: "/.well-known/jwks.json", host: t.host}
	return &script{request: r.bytes(), want: []byte(`"kty":"RSA"`)}
}

func introspect(t target, crowd []*user, i, _ int) *script {
	r := request{
		method: http.MethodPost, path: "/auth/introspect", host: t.host, key: t.key,
		body: fmt.Sprintf(`{"token":%q}`, crowd[i].access),
	}
	return &script{request: r.bytes(), want: []byte(`"active":true`)}
}

// signIn takes turns among users, so that few connections do not mean few users.
func signIn(t target, crowd []*user, i, n int) *script {
	var turns [][]byte
	for ; i < len(crowd); i += n {
		turns = append(turns, request{
			method: http.MethodPost, path: "/auth/login", host: t.host, key: t.key,
			body: credentials(crowd[i].email, crowd[i].password),
		}.bytes())
	}
	turn := 0
	return &script{request: turns[0], want: []byte(`"accessToken":"`), advance: func(s *script, _ []byte) error {
		turn = (turn + 1) % len(turns)
		s.request = turns[turn]
		return nil
	}}
}

// chainRefreshes uses each refresh token once, for the next.
func chainRefreshes(t target, crowd []*user, i, _ int) *script {
	u := crowd[i]
	r := request{method: http.MethodPost, path: "/auth/refreshToken", host: t.host, body: refreshBody(u.refresh)}
	before, _, _ := strings.Cut(string(r.bytes()), "Content-Length: ")
	head := []byte(before + "Content-Length: ")
	return &script{request: r.bytes(), want: []byte(`"accessToken":"`), advance: func(s *script, body []byte) error {
		token, err := member(body, "refreshToken")
		if err != nil {
			return err
		}
		u.refresh = append(u.refresh[:0], token...)
		s.request = append(s.request[:0], head...)
		s.request = strconv.AppendInt(s.request, int64(len(`{"refreshToken":""}`)+len(token)), 10)
		s.request = append(s.request, "\r\n\r\n{\"refreshToken\":\""...)
		s.request = append(s.request, token...)
		s.request = append(s.request, `"}`...)
		return nil
	}}
}

// signUp registers a new address each time: a number in it counts up, in place.
func signUp(t target, crowd []*user, i, _ int) *script {
	const first = "000000000"
	tag := strings.ToLower(rand.Text())
	r := request{
		method: http.MethodPost, path: "/auth/register", host: t.host, key: t.key,
		body: credentials("bench-"+tag+"-"+first+"@example.com", crowd[i].password),
	}.bytes()
	end := strings.LastIndex(string(r), first) + len(first)
	return &script{request: r, want: []byte(`"accessToken":"`), advance: func(s *script, _ []byte) error {
		countUp(s.request[end-len(first) : end])
		return nil
	}}
}

// countUp adds one to a decimal number; after the last it begins anew.
func countUp(digits []byte) {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			return
		}
		digits[i] = '0'
	}
}
