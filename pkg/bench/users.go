package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// user is somebody who was registered for the benchmark, with one session.
type user struct {
	email, password string
	id              string
	access          string
	refresh         []byte // the newest refresh token of the session
}

// setupTimeout bounds what is done before the measurements, all in all.
const setupTimeout = 5 * time.Minute

// register makes users that no other run has.
func register(ctx context.Context, t target, n int) ([]*user, error) {
	password, tag := rand.Text(), strings.ToLower(rand.Text())
	crowd := make([]*user, n)
	for i := range crowd {
		crowd[i] = &user{email: fmt.Sprintf("bench-%s-%d@example.com", tag, i), password: password}
	}
	return crowd, visit(ctx, t, crowd, func(c *client, u *user) error {
		body, err := ask(c, request{
			method: http.MethodPost, path: "/auth/register", host: t.host, key: t.key, body: credentials(u.email, u.password),
		})
		if err != nil {
			return err
		}
		id, err := member(body, "localId")
		u.id = string(id)
		if err != nil {
			return err
		}
		return u.take(body)
	})
}

// renew gives users fresh access tokens, by their refresh tokens.
func renew(ctx context.Context, t target, crowd []*user) error {
	return visit(ctx, t, crowd, func(c *client, u *user) error {
		body, err := ask(c, request{method: http.MethodPost, path: "/auth/refreshToken", host: t.host, body: refreshBody(u.refresh)})
		if err != nil {
			return err
		}
		return u.take(body)
	})
}

// take keeps the tokens of an AuthorizationResponse.
func (u *user) take(body []byte) error {
	access, err := member(body, "accessToken")
	if err != nil {
		return err
	}
	refresh, err := member(body, "refreshToken")
	u.access, u.refresh = string(access), append(u.refresh[:0], refresh...)
	return err
}

// visit does something for each user, one after the other over one connection.
func visit(ctx context.Context, t target, crowd []*user, do func(*client, *user) error) error {
	c, err := dial(ctx, t.host)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })()
	if err := c.conn.SetDeadline(time.Now().Add(setupTimeout)); err != nil {
		return err
	}
	for _, u := range crowd {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := do(c, u); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a request that has to succeed.
func ask(c *client, r request) ([]byte, error) {
	a, err := c.do(r.bytes())
	if err != nil {
		return nil, fmt.Errorf("bench: %s %s: %w", r.method, r.path, err)
	}
	if a.status > 299 {
		return nil, fmt.Errorf("bench: %s %s: status %d: %s", r.method, r.path, a.status, a.body)
	}
	return a.body, nil
}

func credentials(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

func refreshBody(token []byte) string { return fmt.Sprintf(`{"refreshToken":%q}`, token) }
