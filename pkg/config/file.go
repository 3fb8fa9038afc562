package config

import (
	"fmt"
	"strings"
)

// readConfigFile reads NAME=VALUE lines. Problems name lines and never repeat them: a line
// may hold a secret.
func readConfigFile(name string) (variables, []Problem) {
	text, err := readFile(name)
	if err != nil {
		return nil, []Problem{{Name: Prefix + "CONFIG_FILE", Value: quote(name), Detail: err.Error()}}
	}
	vars, wrong := parseLines(text)
	var problems []Problem
	for _, detail := range wrong {
		problems = append(problems, Problem{Name: Prefix + "CONFIG_FILE", Value: quote(name), Detail: detail})
	}
	return vars, problems
}

// parseLines reads one NAME=VALUE a line. Blank lines and lines that begin with # are
// skipped; spaces around name and value, and one pair of quotes around the value, are not
// part of them. Nothing is expanded or unescaped.
func parseLines(text string) (variables, []string) {
	vars := variables{}
	var wrong []string
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		_, twice := vars[name]
		switch {
		case !ok || !strings.HasPrefix(name, Prefix):
			wrong = append(wrong, fmt.Sprintf("line %d: want %sNAME=VALUE", i+1, Prefix))
		case name == Prefix+"CONFIG_FILE":
			wrong = append(wrong, fmt.Sprintf("line %d: a configuration file cannot name another", i+1))
		case twice:
			wrong = append(wrong, fmt.Sprintf("line %d: %s is set a second time", i+1, name))
		default:
			vars[name] = unquote(strings.TrimSpace(value))
		}
	}
	return vars, wrong
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
