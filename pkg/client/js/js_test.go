package js_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/client/js"
)

// maxSize is what the client may weigh in bytes, minified and not compressed.
const maxSize = 6144

var update = flag.Bool("update", false, "write gatehouse.min.js anew")

func TestTheMinifiedModuleIsUpToDateAndSmall(t *testing.T) {
	source, err := os.ReadFile("gatehouse.js")
	if err != nil {
		t.Fatal(err)
	}
	out := api.Transform(string(source), api.TransformOptions{
		Target: api.ES2022, Format: api.FormatESModule, LegalComments: api.LegalCommentsNone,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Banner: "// @gatehouse-id/client, Apache-2.0",
	})
	if len(out.Errors) > 0 || len(out.Warnings) > 0 {
		t.Fatalf("gatehouse.js: %v %v", out.Errors, out.Warnings)
	}
	if len(out.Code) > maxSize {
		t.Errorf("the client has %d bytes, at most %d are allowed", len(out.Code), maxSize)
	}
	if *update {
		if err := os.WriteFile("gatehouse.min.js", out.Code, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if js.Module() != string(out.Code) {
		t.Error("gatehouse.min.js is out of date: go test ./pkg/client/js -run Minified -update")
	}
	t.Logf("%d bytes", len(out.Code))
}

// TestThePackageCanBePublished packs the npm package, installs it by hand and imports it.
func TestThePackageCanBePublished(t *testing.T) {
	for _, tool := range []string{"npm", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			if why := "NOT RUN: no " + tool; os.Getenv("GATEHOUSE_REQUIRE_INTEROP") != "" {
				t.Fatal(why)
			} else {
				t.Skip(why)
			}
		}
	}
	dir := t.TempDir()
	pack := exec.CommandContext(t.Context(), "npm", "pack", "--json", "--pack-destination", dir)
	pack.Stderr = os.Stderr
	raw, err := pack.Output()
	if err != nil {
		t.Fatalf("npm pack: %v", err)
	}
	var packed []struct {
		Name, Filename string
		Files          []struct{ Path string }
	}
	if err := json.Unmarshal(raw, &packed); err != nil || len(packed) != 1 {
		t.Fatalf("npm pack says %s: %v", raw, err)
	}
	var files []string
	for _, f := range packed[0].Files {
		files = append(files, f.Path)
	}
	slices.Sort(files)
	want := []string{"LICENSE", "README.md", "gatehouse.d.ts", "gatehouse.js", "gatehouse.min.js", "package.json"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files in the package (-want +got):\n%s", diff)
	}
	home := filepath.Join(dir, "node_modules", "@gatehouse-id", "client")
	if err := os.MkdirAll(home, 0o750); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "tar", "-xzf", filepath.Join(dir, packed[0].Filename), "-C", home, "--strip-components=1")
	got := run(t, dir, "node", "--input-type=module", "-e", `
		import { createClient, GatehouseError } from "@gatehouse-id/client";
		const kept = new Map();
		const storage = { getItem: k => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: k => kept.delete(k) };
		const client = createClient({ baseUrl: "http://127.0.0.1:1/", storage });
		const problem = await client.signIn({ email: "ada@example.com", password: "x" }).catch(e => e);
		console.log(client.session(), problem instanceof GatehouseError, problem.status, problem.code);
		client.close();`)
	if got != "null true 0 network\n" {
		t.Errorf("node prints %q", got)
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &problems)
	}
	return string(out)
}

func TestThePackageCarriesTheLicense(t *testing.T) {
	ours, err := os.ReadFile("../../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile("LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours, packed) {
		t.Error("LICENSE is not the one of the repository")
	}
}
