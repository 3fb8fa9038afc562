package mongo_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// proxy stands between the store and the server and loses one answer: that to the next request
// which holds the text it is told. Everything else it passes on.
type proxy struct {
	listener net.Listener
	server   string
	hangUp   bool // after the loss; otherwise the connection just says nothing any more
	lose     atomic.Pointer[[]byte]
	done     sync.WaitGroup
}

func newProxy(t *testing.T, server string, hangUp bool) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: server, hangUp: hangUp}
	p.done.Go(p.accept)
	t.Cleanup(func() { _ = l.Close(); p.done.Wait() })
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var lost atomic.Bool
	var requests sync.WaitGroup
	requests.Go(func() {
		defer func() { _ = server.Close() }()
		_ = pass(server, client, func(request []byte) bool {
			if text := p.lose.Load(); text != nil && bytes.Contains(request, *text) && p.lose.CompareAndSwap(text, nil) {
				lost.Store(true)
			}
			return true
		})
	})
	_ = pass(client, server, func([]byte) bool {
		if lost.Load() && p.hangUp {
			_ = client.Close() // the server has answered: it has done what it was asked
		}
		return !lost.Load()
	})
	_ = client.Close()
	requests.Wait()
}

// pass copies what arrives, in the pieces it arrives in, where keep says so.
func pass(to io.Writer, from io.Reader, keep func([]byte) bool) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && keep(buf[:n]) {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// lost is how long a method may take whose answer does not come: two thirds to wait for it, and a
// third to look what came of it, on a slow machine too.
const lost = 15 * time.Second

func TestALostAnswerToAWriteIsFoundOut(t *testing.T) {
	if !mongotest.Standalone(t) {
		t.Skip("a replica set is reached by the addresses of its members, not by the proxy's")
	}
	live := start.Add(time.Hour)
	invitation := identity.Invitation{ID: "i", CodeHash: []byte("hash"), MaxUses: 3, Left: 3, ExpiresAt: live}
	for _, c := range []struct {
		name, text string
		write      func(k *kit) error
		check      func(k *kit) bool
	}{
		{"a new session", "insert", func(k *kit) error {
			return k.StartSession(k.Context(), identity.Session{ID: "new"})
		}, func(k *kit) bool {
			s, err := k.Session(k.Context(), "new")
			return err == nil && s.ID == "new"
		}},
		{"a refresh", "rotated_at", func(k *kit) error {
			return k.RotateSession(k.Context(), store.Rotation{SessionID: "s", From: 1, At: start, IdleUntil: live})
		}, func(k *kit) bool {
			s, err := k.Session(k.Context(), "s")
			return err == nil && s.Counter == 2
		}},
		{"a use of an invitation", "findAndModify", func(k *kit) error {
			i, err := k.ReserveUse(k.Context(), "i", []byte("hash"), "u", start)
			if err == nil && i.Left != 2 {
				k.Errorf("the answer shows %d uses left, want 2", i.Left)
			}
			return err
		}, func(k *kit) bool {
			i, err := k.Invitation(k.Context(), "i")
			return err == nil && i.Left == 2 && len(i.Uses) == 1
		}},
		{"a claim on a name", "identifiers", func(k *kit) error {
			return k.CreateUser(k.Context(), user("u", "a@example.com"))
		}, func(k *kit) bool {
			u, err := k.UserByIdentifier(k.Context(), email("a@example.com"))
			return err == nil && u.ID == "u"
		}},
		{"an audit event", "audit", func(k *kit) error {
			return k.AppendAudit(k.Context(), identity.AuditEntry{Seq: 1, ID: "e", Hash: []byte("h")})
		}, func(k *kit) bool {
			e, err := k.LastAudit(k.Context())
			return err == nil && e.ID == "e"
		}},
	} {
		for how, hangUp := range map[string]bool{"and the connection is cut": true, "and the connection hangs": false} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				t.Parallel()
				uri := mongotest.URI(t)
				host, rest, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
				p := newProxy(t, host, hangUp)
				s, err := mongo.Open(t.Context(), "mongodb://"+p.listener.Addr().String()+"/"+rest, mongo.Options{Standalone: true, Now: time.Now, Patience: lost})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				k := &kit{T: t, Store: s}
				k.ok(k.StartSession(t.Context(), identity.Session{ID: "s", Counter: 1, IdleUntil: live, MaxUntil: live}))
				k.ok(k.CreateInvitation(t.Context(), invitation))
				text := []byte(c.text)
				p.lose.Store(&text)
				if err := c.write(k); err != nil {
					t.Errorf("the write says %v, and it has happened", err)
				}
				if p.lose.Load() != nil {
					t.Error("no answer was lost")
				}
				if !c.check(k) {
					t.Error("the write has not happened just once")
				}
			})
		}
	}
}
