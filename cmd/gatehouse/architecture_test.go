package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The rules of docs/adr/0001-floors.md as a test. It reads the files with go/parser and asks
// no tool, so that `go test` notices every changed import and never answers from its cache.

const module = "github.com/gatehouse-id/gatehouse/"

// house lists the packages from the ground up. A package imports what stands on lower floors,
// never what stands on its own or a higher one. A star stands for one path element.
var house = [][]string{
	0:  {"pkg/fault"},
	1:  {"pkg/opaque", "pkg/masterkey", "pkg/recent", "pkg/locale", "pkg/redirect", "pkg/outbound"},
	2:  {"pkg/identity"},
	3:  {"pkg/password", "pkg/token", "pkg/keyset", "pkg/config"},
	4:  {"pkg/store", "pkg/mail"},
	5:  {"pkg/store/sqlite", "pkg/store/mongo", "pkg/store/s3", "pkg/mail/eml", "pkg/mail/letter", "pkg/mail/maillog", "pkg/mail/inbox"},
	6:  {"pkg/mail/smtp", "pkg/mail/file", "pkg/keyring", "pkg/limit", "pkg/audit", "pkg/apikey", "pkg/provider"},
	7:  {"pkg/courier", "pkg/session", "pkg/invite"},
	8:  {"pkg/account", "pkg/admin", "pkg/bridge"},
	9:  {"pkg/signin", "pkg/handoff", "pkg/picture"},
	10: {"pkg/relay", "pkg/social"},
	11: {"pkg/httpkit"},
	12: {"pkg/dialect/*", "pkg/pages", "pkg/console", "pkg/openapi"},
	13: {"pkg/app"},
	14: {"pkg/bench"},
	15: {"cmd/gatehouse"},
}

// beside lists what is no part of the house: it may import what a package on its floor may.
// What is for tests alone is imported by no other code.
var beside = []struct {
	pkg      string
	floor    int
	forTests bool
}{
	{pkg: "pkg/client/js", floor: 1},
	{pkg: "pkg/verify", floor: 4}, // runs inside other people's services: no store, no server
	{pkg: "pkg/verify/verifygin", floor: 5},
	{pkg: "pkg/verify/verifygrpc", floor: 5},
	{pkg: "pkg/browsertest", floor: 1, forTests: true},
	{pkg: "pkg/store/storetest", floor: 5, forTests: true},
	{pkg: "pkg/store/mongo/mongotest", floor: 5, forTests: true},
	{pkg: "pkg/mail/smtptest", floor: 5, forTests: true},
	{pkg: "pkg/openapi/openapitest", floor: 12, forTests: true},
	{pkg: "pkg/provider/providertest", floor: 14, forTests: true},
	{pkg: "pkg/dialect/dialecttest", floor: 14, forTests: true},
	{pkg: "pkg/idptest", floor: 14, forTests: true}, // of other people's services
}

// kept says who may import something that is not everybody's business.
var kept = []struct {
	what string   // an import path and everything below it
	by   []string // packages, as in house
}{
	{"github.com/lestrrat-go/jwx", []string{"pkg/keyset", "pkg/verify"}},
	{"github.com/golang-jwt/jwt", []string{"pkg/token", "pkg/verify", "pkg/provider/providertest"}},
	{"github.com/coreos/go-oidc", []string{"pkg/provider"}},
	{"golang.org/x/oauth2", []string{"pkg/provider"}},
	{"github.com/go-jose/go-jose", []string{"pkg/provider"}},
	{"github.com/oauth2-proxy/mockoidc", []string{"pkg/provider/providertest"}},
	{"database/sql", []string{"pkg/store/sqlite"}},
	{"modernc.org/sqlite", []string{"pkg/store/sqlite"}},
	{"go.mongodb.org/mongo-driver", []string{"pkg/store/mongo", "pkg/store/mongo/mongotest"}},
	{"github.com/gin-gonic/gin", []string{"pkg/httpkit", "pkg/dialect/*", "pkg/pages", "pkg/console", "pkg/openapi", "pkg/app", "pkg/bench", "pkg/verify/verifygin"}}, // bench: the bare server it compares with
	{"github.com/minio/minio-go", []string{"pkg/store/s3"}},
	{"google.golang.org/grpc", []string{"pkg/verify/verifygrpc"}},
	{"aidanwoods.dev/go-paseto", []string{"pkg/bridge"}},
	{"github.com/wneessen/go-mail", []string{"pkg/mail/eml", "pkg/mail/smtp"}},
	{"github.com/emersion/go-smtp", []string{"pkg/mail/smtptest"}},
	{"github.com/spf13/cobra", []string{"cmd/gatehouse"}},
}

// denied says what some packages may not import although it stands lower. It does not bind
// what is for tests.
var denied = []struct{ by, what string }{
	{"pkg/dialect/*", module + "pkg/store"}, // a dialect calls services: one call a request
	{"pkg/dialect/*", module + "pkg/token"},
}

// pure lists packages that import the standard library and this module only, but for the
// exceptions named here.
var pure = map[string][]string{
	"pkg/fault":     nil,
	"pkg/opaque":    nil,
	"pkg/masterkey": nil,
	"pkg/recent":    nil,
	"pkg/redirect":  nil,
	"pkg/identity":  {"golang.org/x/net/idna", "golang.org/x/text/unicode/norm"},
	"pkg/config":    nil,
	"pkg/store":     nil,
	"pkg/mail":      nil,
}

// meaningless names say nothing about what a package provides.
var meaningless = []string{
	"base", "common", "controller", "dto", "helper", "helpers", "manager", "managers", "misc", "model", "models",
	"service", "services", "shared", "type", "types", "util", "utils",
}

func TestArchitecture(t *testing.T) {
	packages, err := readPackages("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 4 {
		t.Fatalf("found only %d packages: the test looks in the wrong place", len(packages))
	}
	for _, complaint := range check(packages) {
		t.Error(complaint)
	}
}

// pkg is what the rules look at.
type pkg struct {
	path     string // relative to the module, such as pkg/store/sqlite
	name     string
	comments []string // package comments, one per file that has one
	imports  []string // full import paths
}

func check(packages []pkg) []string {
	var complaints []string
	for _, p := range packages {
		floor, _ := stand(p.path)
		if floor < 0 {
			complaints = append(complaints, p.path+" stands on no floor: give it one in house or beside")
		}
		if slices.Contains(meaningless, p.name) || slices.Contains(meaningless, path.Base(p.path)) {
			complaints = append(complaints, p.path+" has a name that does not say what it provides")
		}
		complaints = append(complaints, checkComment(p)...)
		for _, imported := range p.imports {
			if why := refuse(p, floor, imported); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s (floor %d) imports %s: %s", p.path, floor, strings.TrimPrefix(imported, module), why))
			}
		}
	}
	return complaints
}

func checkComment(p pkg) []string {
	if len(p.comments) != 1 {
		return []string{fmt.Sprintf("%s has %d package comments, want one", p.path, len(p.comments))}
	}
	begin := "Package " + p.name + " "
	if p.name == "main" {
		begin = "Command " + path.Base(p.path) + " "
	}
	if !strings.HasPrefix(p.comments[0], begin) {
		return []string{fmt.Sprintf("%s has a package comment that does not begin with %q", p.path, begin)}
	}
	return nil
}

// refuse returns why a package may not import something, or nothing.
func refuse(p pkg, floor int, imported string) string {
	_, fromTests := stand(p.path)
	if local, ours := strings.CutPrefix(imported, module); ours {
		below, forTests := stand(local)
		switch {
		case forTests && !fromTests:
			return "it is for tests only"
		case floor >= 0 && below >= floor:
			return fmt.Sprintf("it stands on floor %d, and imports go down", below)
		}
	} else if exceptions, isPure := pure[p.path]; isPure && isThirdParty(imported) && !slices.Contains(exceptions, imported) {
		return "this package keeps to the standard library"
	}
	for _, k := range kept {
		if within(imported, k.what) && !slices.ContainsFunc(k.by, func(pattern string) bool { return matches(pattern, p.path) }) {
			return "that is for " + strings.Join(k.by, ", ") + " only"
		}
	}
	for _, d := range denied {
		if matches(d.by, p.path) && !fromTests && within(imported, d.what) {
			return d.by + " may not"
		}
	}
	return ""
}

// stand returns the floor of a package, -1 when it has none, and whether it is for tests.
func stand(p string) (floor int, forTests bool) {
	for _, b := range beside {
		if b.pkg == p {
			return b.floor, b.forTests
		}
	}
	for floor, packages := range house {
		if slices.ContainsFunc(packages, func(pattern string) bool { return matches(pattern, p) }) {
			return floor, false
		}
	}
	return -1, false
}

func matches(pattern, p string) bool {
	ok, err := path.Match(pattern, p)
	return ok && err == nil
}

func within(imported, what string) bool {
	return imported == what || strings.HasPrefix(imported, what+"/")
}

func isThirdParty(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// readPackages parses the imports and comments of every non-test file under cmd and pkg.
func readPackages(root string) ([]pkg, error) {
	found := map[string]*pkg{}
	for _, top := range []string{"cmd", "pkg"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
				return nil
			}
			return readFile(root, file, found)
		})
		if err != nil {
			return nil, err
		}
	}
	var out []pkg
	for _, p := range found {
		slices.Sort(p.imports)
		p.imports = slices.Compact(p.imports)
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b pkg) int { return strings.Compare(a.path, b.path) })
	return out, nil
}

func readFile(root, file string, found map[string]*pkg) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.ImportsOnly)
	if err != nil {
		return err
	}
	dir, err := filepath.Rel(root, filepath.Dir(file))
	if err != nil {
		return err
	}
	p := found[dir]
	if p == nil {
		p = &pkg{path: filepath.ToSlash(dir), name: parsed.Name.Name}
		found[dir] = p
	}
	if text := comment(parsed); text != "" {
		p.comments = append(p.comments, text)
	}
	for _, spec := range parsed.Imports {
		p.imports = append(p.imports, strings.Trim(spec.Path.Value, "`\""))
	}
	return nil
}

// comment returns the package comment of a file; build constraints and the like are none.
func comment(file *ast.File) string {
	if file.Doc == nil {
		return ""
	}
	return strings.TrimSpace(file.Doc.Text())
}

func TestTheRulesBite(t *testing.T) {
	// source makes a file with a proper package comment.
	source := func(name string, imports ...string) string {
		text := "// Package " + name + " is here for a test.\npackage " + name + "\n"
		for _, i := range imports {
			text += fmt.Sprintf("import _ %q\n", i)
		}
		return text
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{
			name: "a good house is left alone",
			files: map[string]string{
				"pkg/fault/fault.go":               source("fault", "errors"),
				"pkg/store/store.go":               source("store", module+"pkg/fault"),
				"pkg/store/sqlite/sqlite.go":       source("sqlite", "database/sql", "modernc.org/sqlite", module+"pkg/store"),
				"pkg/store/sqlite/sqlite_test.go":  "package sqlite_test\nimport _ \"" + module + "pkg/store/storetest\"\n",
				"pkg/store/storetest/storetest.go": source("storetest", "testing", module+"pkg/store"),
				"pkg/dialect/native/native.go":     source("native", "github.com/gin-gonic/gin", module+"pkg/httpkit", module+"pkg/signin"),
				"pkg/verify/verify.go":             source("verify", "github.com/lestrrat-go/jwx/v3/jwk"),
				"pkg/dialect/dialecttest/run.go":   source("dialecttest", module+"pkg/app", module+"pkg/store"),
				"pkg/verify/testdata/bad/bad.go":   "package bad\n",
				"cmd/gatehouse/main.go":            "// Command gatehouse serves.\npackage main\nimport _ \"" + module + "pkg/app\"\n",
			},
		},
		{
			name:  "an import that goes up",
			files: map[string]string{"pkg/identity/user.go": source("identity", module+"pkg/store")},
			want:  []string{"pkg/identity (floor 2) imports pkg/store: it stands on floor 4, and imports go down"},
		},
		{
			name:  "an import that goes sideways",
			files: map[string]string{"pkg/dialect/native/native.go": source("native", module+"pkg/dialect/firebase")},
			want:  []string{"pkg/dialect/native (floor 12) imports pkg/dialect/firebase: it stands on floor 12, and imports go down"},
		},
		{
			name:  "an import behind a build constraint",
			files: map[string]string{"pkg/fault/fault.go": source("fault"), "pkg/fault/linux.go": "//go:build faults\n\npackage fault\n\nimport _ \"" + module + "pkg/app\"\n"},
			want:  []string{"pkg/fault (floor 0) imports pkg/app: it stands on floor 13, and imports go down"},
		},
		{
			name:  "a package without a floor",
			files: map[string]string{"pkg/cache/cache.go": source("cache", module+"pkg/app")},
			want:  []string{"pkg/cache stands on no floor: give it one in house or beside"},
		},
		{
			name:  "a package below one that has a floor",
			files: map[string]string{"pkg/store/sqlite/pool/pool.go": source("pool")},
			want:  []string{"pkg/store/sqlite/pool stands on no floor: give it one in house or beside"},
		},
		{
			name:  "no package comment",
			files: map[string]string{"pkg/fault/fault.go": "package fault\n"},
			want:  []string{"pkg/fault has 0 package comments, want one"},
		},
		{
			name:  "two package comments",
			files: map[string]string{"pkg/fault/a.go": source("fault"), "pkg/fault/b.go": source("fault")},
			want:  []string{"pkg/fault has 2 package comments, want one"},
		},
		{
			name:  "a package comment about something else",
			files: map[string]string{"pkg/fault/a.go": "// This file has errors.\npackage fault\n"},
			want:  []string{`pkg/fault has a package comment that does not begin with "Package fault "`},
		},
		{
			name: "a dialect that goes around the services",
			files: map[string]string{"pkg/dialect/native/native.go": source("native",
				"database/sql", "github.com/golang-jwt/jwt/v5", module+"pkg/store", module+"pkg/token", "go.mongodb.org/mongo-driver/v2/bson")},
			want: []string{
				"pkg/dialect/native (floor 12) imports database/sql: that is for pkg/store/sqlite only",
				"pkg/dialect/native (floor 12) imports pkg/store: pkg/dialect/* may not",
				"pkg/dialect/native (floor 12) imports pkg/token: pkg/dialect/* may not",
				"pkg/dialect/native (floor 12) imports github.com/golang-jwt/jwt/v5: that is for pkg/token, pkg/verify, pkg/provider/providertest only",
				"pkg/dialect/native (floor 12) imports go.mongodb.org/mongo-driver/v2/bson: that is for pkg/store/mongo, pkg/store/mongo/mongotest only",
			},
		},
		{
			name:  "a key set library in a service",
			files: map[string]string{"pkg/session/session.go": source("session", "github.com/lestrrat-go/jwx/v3/jwk")},
			want:  []string{"pkg/session (floor 7) imports github.com/lestrrat-go/jwx/v3/jwk: that is for pkg/keyset, pkg/verify only"},
		},
		{
			name:  "a third party in the ground floor",
			files: map[string]string{"pkg/fault/fault.go": source("fault", "github.com/google/uuid")},
			want:  []string{"pkg/fault (floor 0) imports github.com/google/uuid: this package keeps to the standard library"},
		},
		{
			name:  "a conformance suite in code that ships",
			files: map[string]string{"pkg/app/app.go": source("app", module+"pkg/store/storetest")},
			want:  []string{"pkg/app (floor 13) imports pkg/store/storetest: it is for tests only"},
		},
		{
			name:  "a verifier that brings a store along",
			files: map[string]string{"pkg/verify/verify.go": source("verify", module+"pkg/store")},
			want:  []string{"pkg/verify (floor 4) imports pkg/store: it stands on floor 4, and imports go down"},
		},
		{
			name:  "a name that says nothing",
			files: map[string]string{"pkg/dialect/util/util.go": source("util")},
			want:  []string{"pkg/dialect/util has a name that does not say what it provides"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			packages, err := readPackages(tree(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, check(packages)); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}

// tree writes files below a fresh folder that has cmd and pkg in it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for _, top := range []string{"cmd", "pkg"} {
		if err := os.Mkdir(filepath.Join(root, top), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
