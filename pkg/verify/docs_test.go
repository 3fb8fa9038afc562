package verify_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePageShowsWhatRuns holds every snippet of docs/verify.md to a file that tests compile
// or run: its lines stand there in one piece, whatever they are indented by.
func TestThePageShowsWhatRuns(t *testing.T) {
	page, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, pattern := range []string{"*_test.go", "verify*/*_test.go", "../idptest/idptest.go", "../bridge/*_test.go", "../../docs/verify/*/*.*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, flush(string(text)))
		}
	}
	snippets := regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(snippets) < 10 {
		t.Fatalf("found only %d snippets", len(snippets))
	}
	for _, s := range snippets {
		if !contains(sources, flush(s[2])) {
			t.Errorf("this %s runs nowhere:\n%s", s[1], s[2])
		}
	}
}

// flush moves every line of a text, or of a comment, to the left margin.
func flush(text string) string {
	return "\n" + regexp.MustCompile(`(?m)^(//)?[ \t]+`).ReplaceAllString(text, "")
}

func contains(texts []string, part string) bool {
	for _, text := range texts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
