package locale

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func TestEveryLanguageSaysTheSame(t *testing.T) {
	english := library().catalogues[0]
	for _, other := range library().catalogues[1:] {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(english.texts)), slices.Sorted(maps.Keys(other.texts))); diff != "" {
			t.Errorf("keys of en and %s:\n%s", other.tag, diff)
		}
		for key, text := range other.texts {
			if diff := cmp.Diff(placeholders(english.texts[key]), placeholders(text)); diff != "" {
				t.Errorf("placeholders of %s in en and %s:\n%s", key, other.tag, diff)
			}
		}
	}
	for _, c := range library().catalogues {
		for key, text := range c.texts {
			if strings.TrimSpace(text) != text || text == "" || strings.ContainsAny(text, "<>\r\n\t") {
				t.Errorf("%s: %s is not one line of plain text: %q", c.tag, key, text)
			}
		}
	}
}

var (
	placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)
	brace       = regexp.MustCompile(`[{}]`)
)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	if left := placeholder.ReplaceAllString(text, ""); brace.MatchString(left) {
		found = append(found, "a stray brace in "+text)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestEveryFileIsTidy(t *testing.T) {
	names, _ := fs.Glob(files, "text/*/*.json")
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := jsontext.NewDecoder(bytes.NewReader(data)).SkipValue(); err != nil { // notices a key that stands twice
			t.Errorf("%s: %v", name, err)
		}
		c := &catalogue{texts: map[string]string{}}
		if err := c.add(files, name); err != nil {
			t.Error(err)
		}
		area := strings.TrimSuffix(path.Base(name), ".json")
		for key := range c.texts {
			if first, _, _ := strings.Cut(key, "."); first != area && first+"s" != area || !keyForm.MatchString(key) {
				t.Errorf("%s: %s does not begin with the name of its area, or has another form than a.b_c", name, key)
			}
		}
	}
}

func TestADefectInACatalogueIsFound(t *testing.T) {
	for _, c := range []struct {
		name string
		fs   fstest.MapFS
		want string
	}{
		{"no JSON", fstest.MapFS{"text/en/a.json": {Data: []byte(`{"a.b":`)}}, "text/en/a.json"},
		{"no text", fstest.MapFS{"text/en/a.json": {Data: []byte(`{"a.b":1}`)}}, "text/en/a.json"},
		{"a key in two files", fstest.MapFS{"text/en/a.json": {Data: []byte(`{"a.b":"x"}`)}, "text/en/as.json": {Data: []byte(`{"a.b":"y"}`)}}, "a.b stands in another file too"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := read(c.fs); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

var (
	keyForm        = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)+$`)
	keyInTemplate  = regexp.MustCompile(`\b[tT]ext "([^"]*)"`)
	keyWithFormat  = regexp.MustCompile(`\b[tT]ext \(printf "([^"%]*)%`)
	quoted         = regexp.MustCompile("[\"'`]([a-z0-9_]+(?:\\.[a-z0-9_]+)+\\.?)[\"'`%]")
	templateSuffix = []string{".html", ".txt", ".tmpl", ".gohtml"}
)

// TestKeysAndTheirUsesAgree reads the source: what is asked for by name exists, and what
// exists is asked for, in full or by a beginning that ends in a dot.
func TestKeysAndTheirUsesAgree(t *testing.T) {
	asked, named := uses(t, "..")
	texts := library().catalogues[0].texts
	for key, where := range asked {
		if _, ok := texts[key]; !ok {
			t.Errorf("%s: there is no text %s", where, key)
		}
	}
	if len(named) == 0 {
		t.Fatal("found no use of any text: the test looks in the wrong place")
	}
	for key := range texts {
		if !slices.ContainsFunc(named, func(n string) bool {
			return n == key || strings.HasSuffix(n, ".") && strings.HasPrefix(key, n)
		}) {
			t.Errorf("nothing asks for the text %s", key)
		}
	}
}

// uses returns the keys that calls of Text name, each with its file, and everything quoted
// that looks like a key or the beginning of one.
func uses(t *testing.T, root string) (asked map[string]string, named []string) {
	t.Helper()
	asked = map[string]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		ext := filepath.Ext(file)
		if ext != ".go" && ext != ".js" && !slices.Contains(templateSuffix, ext) {
			return nil
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, m := range quoted.FindAllSubmatch(source, -1) {
			named = append(named, string(m[1]))
		}
		found := keyInTemplate.FindAllStringSubmatch(string(source), -1)
		if ext == ".go" {
			found = keysInGo(t, file, source)
		}
		for _, m := range found {
			asked[m[1]] = file
		}
		for _, m := range keyWithFormat.FindAllStringSubmatch(string(source), -1) {
			named = append(named, m[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return asked, named
}

// keysInGo returns what calls of a function or method called Text have for a first argument,
// where that is a literal that looks like a key.
func keysInGo(t *testing.T, file string, source []byte) [][]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found [][]string
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok || !strings.EqualFold(name, "text") {
			return true
		}
		if key, err := strconv.Unquote(literal.Value); err == nil && keyForm.MatchString(key) {
			found = append(found, []string{"", key})
		}
		return true
	})
	return found
}
