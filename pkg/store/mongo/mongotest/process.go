package mongotest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// settings say how a server is to run.
type settings struct {
	dir  string // where the data lies; empty: nowhere that outlives the server
	port int    // 0 means any
}

// process is a running server. One that we started reads its standard input, and dies when that
// ends; only this process holds the other end, so it cannot outlive us.
type process struct {
	name       string
	uri        string
	standalone bool
	port       int
	command    *exec.Cmd // nil if it is somebody else's
	guarded    bool      // the command is not the server, but what ends it
	input      io.Closer
	logged     sync.Once
}

func (p *process) hosts() string {
	server, _, _ := cutDatabase(p.uri)
	_, hosts, _ := strings.Cut(server, "://")
	return hosts[strings.LastIndex(hosts, "@")+1:]
}

// run starts the best server there is.
func run(s settings) (*process, error) {
	if path, err := exec.LookPath("mongod"); err == nil {
		return runMongod(path, s)
	}
	for _, tool := range []string{"java", "javac", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, errNone
		}
	}
	return runJava(s)
}

// runJava runs mongo-java-server by the launcher in testdata, which prints the URI.
func runJava(s settings) (*process, error) {
	launcher, err := launcher()
	if err != nil {
		return nil, err
	}
	args := []string{strconv.Itoa(s.port)}
	if s.dir != "" {
		args = append(args, filepath.Join(s.dir, "data"))
	}
	p := &process{name: "mongo-java-server 1.47.0 (no replica set: nothing is said about elections and retries)", standalone: true}
	var output *bufio.Reader
	var complaint bytes.Buffer
	if output, err = p.start(&complaint, launcher, args...); err != nil {
		return nil, err
	}
	late := time.AfterFunc(startTime, func() { _ = p.command.Process.Kill() })
	line, err := output.ReadString('\n')
	late.Stop()
	if err != nil {
		_ = p.kill() // it has ended, or is of no use
		return nil, fmt.Errorf("%w: mongo-java-server did not start: %w\n%s", errNone, err, &complaint)
	}
	p.uri = strings.TrimSpace(line)
	_, port, _ := strings.Cut(p.hosts(), ":")
	p.port, err = strconv.Atoi(port)
	return p, err
}

// start runs a command with its standard input open and returns its standard output.
func (p *process) start(complaint io.Writer, name string, args ...string) (*bufio.Reader, error) {
	p.command = exec.CommandContext(context.Background(), name, args...) //nolint:gosec // the launcher or the shell, with our own words
	p.command.Stderr = complaint
	input, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.input = input
	return bufio.NewReader(output), p.command.Start()
}

// kill ends the server without warning and waits until it is gone.
func (p *process) kill() error {
	var err error
	if !p.guarded {
		err = p.command.Process.Kill()
	}
	err = errors.Join(err, p.input.Close())
	_ = p.command.Wait() // it was killed, and says so
	return err
}

// launcher returns the path of testdata/start, whichever package the test is in.
func launcher() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "pkg", "store", "mongo", "testdata", "start"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the test does not run inside the module")
		}
		dir = parent
	}
}

// guard runs mongod until the standard input ends. The shell's wait for the end of input is
// what ties it to us; mongod itself does not look.
const guard = `mongod=$1 dir=$2 temporary=$3; shift 3
"$mongod" --dbpath "$dir" "$@" </dev/null >"$dir/log" 2>&1 & child=$!
cat >/dev/null
kill -9 $child; wait $child
[ "$temporary" = false ] || rm -rf "$dir"`

// runMongod runs a real MongoDB as a replica set of one.
func runMongod(path string, s settings) (*process, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if s.port == 0 {
		var err error
		if s.port, err = freePort(ctx); err != nil {
			return nil, err
		}
	}
	temporary := s.dir == ""
	if temporary {
		var err error
		if s.dir, err = os.MkdirTemp("", "gatehouse-mongod-"); err != nil {
			return nil, err
		}
	}
	p := &process{port: s.port, guarded: true, uri: fmt.Sprintf("mongodb://127.0.0.1:%d/?replicaSet=rs0", s.port)}
	_, err := p.start(io.Discard, "/bin/sh", "-c", guard, "sh", path, s.dir, strconv.FormatBool(temporary),
		"--replSet", "rs0", "--port", strconv.Itoa(s.port), "--bind_ip", "127.0.0.1")
	if err != nil {
		return nil, err
	}
	if err := initiate(ctx, s.port); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return nil, errors.Join(fmt.Errorf("mongod did not start: %w\n%s", err, log), p.kill())
	}
	version, _, err := describe(ctx, p.uri)
	p.name = "mongod " + version + ", a replica set of one"
	return p, err
}

// initiate makes the server a replica set, unless it is one, and waits until it takes writes.
func initiate(ctx context.Context, port int) error {
	host := fmt.Sprintf("127.0.0.1:%d", port)
	return with(ctx, "mongodb://"+host+"/?directConnection=true", func(c *mongo.Client) error {
		admin := c.Database("admin")
		config := bson.M{"_id": "rs0", "members": bson.A{bson.M{"_id": 0, "host": host}}}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			var v struct {
				SetName string `bson:"setName"`
				Primary bool   `bson:"isWritablePrimary"`
			}
			err := admin.RunCommand(ctx, bson.M{"hello": 1}).Decode(&v)
			switch {
			case err == nil && v.Primary:
				return nil
			case err == nil && v.SetName == "":
				err = admin.RunCommand(ctx, bson.M{"replSetInitiate": config}).Err()
			}
			select {
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			case <-tick.C:
			}
		}
	})
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
