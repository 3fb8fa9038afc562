package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestEveryFieldHasOneSettingAndAComment(t *testing.T) {
	var c Config
	v := reflect.ValueOf(&c).Elem()
	fieldAt := map[uintptr]string{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && f.Name != "Development" && f.Name != "Social" { // Dev sets the one, a family of variables the other
			fieldAt[v.Field(i).UnsafeAddr()] = f.Name
		}
	}
	seen := map[string]bool{}
	for _, s := range c.settings() {
		at := reflect.ValueOf(s.value).FieldByName("field").Pointer()
		name, ok := fieldAt[at]
		if !ok {
			t.Errorf("%s: sets no field, or one that another setting sets", s.name)
		}
		delete(fieldAt, at)
		if seen[s.name] || s.meaning == "" {
			t.Errorf("%s (%s): listed twice, or without a meaning", s.name, name)
		}
		seen[s.name] = true
	}
	for _, name := range fieldAt {
		t.Errorf("field %s: no setting sets it", name)
	}
	for name, comment := range fieldComments(t) {
		if !strings.HasPrefix(comment, name+" ") {
			t.Errorf("field %s: its comment does not begin with its name: %q", name, comment)
		}
	}
}

// fieldComments returns the comment above each exported field of Config.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && len(field.Names) == 1 && field.Names[0].IsExported() {
			comments[field.Names[0].Name] = field.Doc.Text()
		}
		return true
	})
	if len(comments) < 30 {
		t.Fatalf("found only %d fields", len(comments))
	}
	return comments
}

func TestOperationsManualNamesEverySetting(t *testing.T) {
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.FieldsFunc(string(manual), func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
	named := map[string]bool{}
	for _, w := range words {
		named[w] = true
	}
	for _, s := range new(Config).settings() {
		if !named[Prefix+s.name] {
			t.Errorf("docs/operations.md does not name %s%s", Prefix, s.name)
		}
	}
	for _, s := range new(Social).settings() {
		if name := "| " + Prefix + socialPrefix + "&lt;NAME&gt;" + strings.TrimPrefix(s.name, socialPrefix) + " "; !strings.Contains(string(manual), name) {
			t.Errorf("docs/operations.md has no row for %q", name)
		}
	}
}
