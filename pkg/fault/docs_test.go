package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCodeIsDocumented reads the whole source for codes that clients may see.
func TestEveryCodeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/api/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			ast.Inspect(file, func(n ast.Node) bool { collect(n, path, codes); return true })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) < 40 {
		t.Fatalf("only %d codes were found: the search is broken", len(codes))
	}
	for code, path := range codes {
		if !strings.Contains(string(doc), "`"+code+"`") {
			t.Errorf("%s (in %s) is not in docs/api/errors.md", code, path)
		}
	}
}

// collect finds the code in fault.New(kind, code, ...), InvalidField(field, code, ...),
// Field{Code: code} and refuse(field, code, ...).
func collect(n ast.Node, path string, codes map[string]string) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if name := called(n.Fun); (name == "New" || name == "InvalidField" || name == "refuse") && len(n.Args) == 3 {
			add(n.Args[1], path, codes)
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
			add(n.Value, path, codes)
		}
	}
}

func called(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	default:
		return ""
	}
}

func add(e ast.Expr, path string, codes map[string]string) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return
	}
	if code, err := strconv.Unquote(lit.Value); err == nil && code != "" && !strings.ContainsAny(code, " /") {
		codes[code] = path
	}
}
