package mongotest

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// Server is a server of one test's own, to be killed and started again. It is not safe for
// concurrent use.
type Server struct {
	// URI is the address of an empty database; it stays the same when the server is restarted.
	URI string
	// Standalone says that the server is no replica set.
	Standalone bool

	settings settings
	process  *process // nil while it is down
}

// Start starts a server whose data outlives it. Without a way to do so the test is skipped, or
// fails if GATEHOUSE_REQUIRE_MONGO is 1. The server ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{settings: settings{dir: t.TempDir()}}
	p := need(t, func() (*process, error) { return run(s.settings) })
	s.process, s.settings.port = p, p.port
	s.URI, s.Standalone = withDatabase(p.uri, "t_"+opaque.Random(12)), p.standalone
	t.Cleanup(func() { s.Kill(t) })
	return s
}

// Kill ends the server as a power cut would. One that is down stays down.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.kill(); err != nil {
		t.Errorf("kill the MongoDB server: %v", err)
	}
	s.process = nil
}

// Restart starts a server that was killed on the same port and data. mongo-java-server may have
// lost the last second before it was killed.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.process = need(t, func() (*process, error) { return run(s.settings) })
}
