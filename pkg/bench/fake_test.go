package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/bench"
)

// asServer in the environment makes this test program a gatehouse command. Its value is a file
// to append to, or a way to go wrong.
const asServer = "BENCH_TEST_FAKE"

func TestMain(m *testing.M) {
	if notes := os.Getenv(asServer); notes != "" {
		if err := command(notes, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// command does what a gatehouse command with these arguments would do.
func command(notes string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ready := func(url string) { fmt.Println("serving on " + url) }
	switch line := strings.Join(args, " "); {
	case line == "serve" && notes == "refuse":
		return errors.New("the store is locked")
	case line == "serve" && notes == "mumble":
		fmt.Println("hello")
		<-ctx.Done()
		return nil
	case line == "serve" && notes == "fail at the end":
		return errors.Join(serve(ctx, ready), errors.New("could not say goodbye"))
	case line == "serve":
		if err := note(notes, fmt.Sprintf("%d %s", os.Getpid(), settings())); err != nil {
			return err
		}
		return serve(ctx, ready)
	case strings.HasPrefix(line, "apikey create --name bench --kind secret --scope") && strings.HasSuffix(line, "--json"):
		fmt.Printf("{\"id\":\"1\",\"key\":%q}\n", fakeKey)
		return nil
	case strings.HasPrefix(line, "bench --hello "):
		return bench.Hello(ctx, args[2], ready)
	default:
		return fmt.Errorf("unknown command: %s", line)
	}
}

func note(file, line string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = fmt.Fprintln(f, line)
	return err
}

// settings returns the configuration that the bench gives, but for the store.
func settings() string {
	var all []string
	for _, name := range []string{"ADMIN_LISTEN", "RATE_LIMIT", "LOG_LEVEL", "DRAIN_DELAY", "MASTER_KEY"} {
		all = append(all, name+"="+os.Getenv("GATEHOUSE_"+name))
	}
	return strings.Join(append(all, os.Getenv("GATEHOUSE_STORE")), " ")
}

func serve(ctx context.Context, ready func(string)) error {
	addr := os.Getenv("GATEHOUSE_LISTEN")
	if os.Getenv("GATEHOUSE_PUBLIC_URL") != "http://"+addr {
		return fmt.Errorf("the public URL is not that of %s", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: newFake(), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	ready("http://" + addr)
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

const fakeKey = "sk_fake"

// fake answers the routes as Gatehouse does, and is strict about what the bench promises.
type fake struct {
	mu       sync.Mutex
	users    map[string]string // password by e-mail
	sessions map[string]int    // how often the session was refreshed, by e-mail
	signIns  []string          // who, in order
}

func newFake() *fake {
	return &fake{users: map[string]string{}, sessions: map[string]int{}}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var q struct{ Email, Password, RefreshToken, Token string }
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
	}
	email, isUser := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer access-")
	hasKey := r.Header.Get("X-Api-Key") == fakeKey
	switch route := r.Method + " " + r.URL.Path; {
	case route == "POST /auth/register" && hasKey:
		f.register(w, q.Email, q.Password)
	case route == "POST /auth/login" && hasKey && f.users[q.Email] == q.Password:
		f.signIns = append(f.signIns, q.Email)
		f.grant(w, http.StatusOK, q.Email)
	case route == "POST /auth/refreshToken":
		f.refresh(w, q.RefreshToken)
	case route == "POST /auth/introspect" && hasKey:
		fmt.Fprintf(w, `{"active":%t}`, strings.HasPrefix(q.Token, "access-bench-"))
	case route == "GET /auth/me" && isUser && f.users[email] != "":
		fmt.Fprintf(w, `{"localId":"id-%s"}`, email)
	case route == "GET /.well-known/jwks.json":
		fmt.Fprint(w, `{"keys":[{"kty":"RSA"}]}`)
	default:
		http.Error(w, "refused", http.StatusUnauthorized)
	}
}

func (f *fake) register(w http.ResponseWriter, email, password string) {
	if f.users[email] != "" || password == "" {
		http.Error(w, "taken", http.StatusConflict)
		return
	}
	f.users[email] = password
	f.grant(w, http.StatusCreated, email)
}

// refresh takes each token once.
func (f *fake) refresh(w http.ResponseWriter, token string) {
	email, counter, _ := strings.Cut(strings.TrimPrefix(token, "refresh-"), "|")
	if f.users[email] == "" || counter != fmt.Sprint(f.sessions[email]) {
		http.Error(w, "reused", http.StatusUnauthorized)
		return
	}
	f.sessions[email]++
	f.grant(w, http.StatusOK, email)
}

func (f *fake) grant(w http.ResponseWriter, status int, email string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"email":%q,"expiresIn":3600,"accessToken":%q,"localId":%q,"refreshToken":%q}`,
		email, "access-"+email, "id-"+email, fmt.Sprintf("refresh-%s|%d", email, f.sessions[email]))
}
