package config

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Setting is one variable as `gatehouse config` shows it. Nothing in it is secret.
type Setting struct {
	Name      string `json:"name"`
	Value     string `json:"value"`   // as it would be set, secrets masked
	Default   string `json:"default"` // what stands for an unset variable
	IsDefault bool   `json:"isDefault"`
	Meaning   string `json:"meaning"`
}

// Effective returns every setting in the order of the documentation.
func (c Config) Effective() []Setting {
	settings, plain := c.settings(), new(Config).settings()
	out := make([]Setting, len(settings))
	for i, s := range settings {
		_ = plain[i].value.set(s.def) // for the form that values are shown in: 300s is 5m
		out[i] = Setting{
			Name:      Prefix + s.name,
			Value:     s.value.String(),
			Default:   s.def,
			IsDefault: s.value.String() == plain[i].value.String(),
			Meaning:   s.meaning,
		}
	}
	return out
}

// Print writes every setting as a table for a person.
func (c Config) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range c.Effective() {
		origin := "set"
		if s.IsDefault {
			origin = "default"
		}
		if s.Value == "" {
			s.Value = "(none)"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, s.Value, origin, s.Meaning); err != nil {
			return fmt.Errorf("config: print: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("config: print: %w", err)
	}
	return nil
}
