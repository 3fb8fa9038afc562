package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
)

// value is a field of a Config seen as text.
type value interface {
	// set parses text into the field. Its error says what is allowed and repeats nothing of
	// the text; the field is then unchanged.
	set(text string) error
	// String returns text that set would take, with secrets masked.
	String() string
}

// kind is a form that text may take.
type kind[T any] struct {
	parse  func(string) (T, error)
	format func(T) string
}

type bound[T any] struct {
	field *T
	kind  kind[T]
}

func in[T any](field *T, k kind[T]) value { return bound[T]{field, k} }

func (b bound[T]) set(text string) error {
	v, err := b.kind.parse(text)
	if err == nil {
		*b.field = v
	}
	return err
}

func (b bound[T]) String() string { return b.kind.format(*b.field) }

// textual makes a kind of strings from a check that returns what is wrong.
func textual[T ~string](check func(string) error) kind[T] {
	return kind[T]{
		parse:  func(s string) (T, error) { return T(s), check(s) },
		format: func(v T) string { return fmt.Sprint(v) }, // secrets mask themselves
	}
}

// optional lets empty text stand for the zero value.
func optional[T comparable](k kind[T]) kind[T] {
	return kind[T]{
		parse: func(s string) (v T, err error) {
			if s == "" {
				return v, nil
			}
			return k.parse(s)
		},
		format: func(v T) string {
			var zero T
			if v == zero {
				return ""
			}
			return k.format(v)
		},
	}
}

// list takes items separated by commas, with or without spaces around them; empty text is
// no item.
func list[T any](k kind[T]) kind[[]T] {
	return kind[[]T]{
		parse: func(s string) ([]T, error) {
			if strings.TrimSpace(s) == "" {
				return nil, nil
			}
			var out []T
			for i, item := range strings.Split(s, ",") {
				v, err := k.parse(strings.TrimSpace(item))
				if err != nil {
					return nil, fmt.Errorf("for item %d: %w", i+1, err)
				}
				out = append(out, v)
			}
			return out, nil
		},
		format: func(vs []T) string {
			out := make([]string, len(vs))
			for i, v := range vs {
				out[i] = k.format(v)
			}
			return strings.Join(out, ",")
		},
	}
}

// atMost bounds the length of a list.
func atMost[T any](n int, k kind[[]T]) kind[[]T] {
	return kind[[]T]{format: k.format, parse: func(s string) ([]T, error) {
		vs, err := k.parse(s)
		if err == nil && len(vs) > n {
			err = fmt.Errorf("at most %d items", n)
		}
		return vs, err
	}}
}

func oneOf(words ...string) kind[string] {
	return textual[string](func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return errors.New(choice(words))
	})
}

func boolean(yes, no string) kind[bool] {
	return kind[bool]{
		parse: func(s string) (bool, error) {
			if s != yes && s != no {
				return false, errors.New(choice([]string{yes, no}))
			}
			return s == yes, nil
		},
		format: func(v bool) string {
			if v {
				return yes
			}
			return no
		},
	}
}

func number(allowed ...int) kind[int] {
	words := make([]string, len(allowed))
	for i, n := range allowed {
		words[i] = strconv.Itoa(n)
	}
	return kind[int]{format: strconv.Itoa, parse: func(s string) (int, error) {
		if i := slices.Index(words, s); i >= 0 {
			return allowed[i], nil
		}
		return 0, errors.New(choice(words))
	}}
}

func duration(least, most time.Duration) kind[time.Duration] {
	want := fmt.Errorf("a duration from %s to %s, such as 90s, 15m or 720h", short(least), short(most))
	return kind[time.Duration]{format: short, parse: func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return 0, want
		}
		return d, nil
	}}
}

// wholeSeconds is a duration for a place that counts in seconds, such as expiresIn.
func wholeSeconds(least, most time.Duration) kind[time.Duration] {
	k := duration(least, most)
	return kind[time.Duration]{format: k.format, parse: func(s string) (time.Duration, error) {
		d, err := k.parse(s)
		if err == nil && d%time.Second != 0 {
			err = errors.New("whole seconds")
		}
		return d, err
	}}
}

// choice writes words as "a, b or c".
func choice(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// The kinds that need no parameter.
var (
	anyText = textual[string](func(string) error { return nil })

	word = textual[string](func(s string) error {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return errors.New("a word without spaces")
		}
		return nil
	})

	path = textual[string](checkPath)

	longSecret = textual[Secret](func(s string) error {
		if utf8.RuneCountInString(s) < MinSecret {
			return fmt.Errorf("at least %d characters", MinSecret)
		}
		if guessable(s) {
			return errors.New("one that cannot be guessed, for example what `openssl rand -base64 32` prints")
		}
		return nil
	})

	masterKey = textual[Secret](func(s string) error {
		if _, err := masterkey.Parse(s); err != nil {
			return errors.New("exactly 32 bytes as base64 or hex, for example what `openssl rand -base64 32` prints")
		}
		return nil
	})

	logLevel = kind[slog.Level]{
		parse: func(s string) (l slog.Level, err error) {
			if _, err := oneOf("debug", "info", "warn", "error").parse(s); err != nil {
				return l, err
			}
			return l, l.UnmarshalText([]byte(s))
		},
		format: func(l slog.Level) string { return strings.ToLower(l.String()) },
	}

	rate = kind[Rate]{parse: ParseRate, format: Rate.String}

	network = kind[netip.Prefix]{parse: parseNetwork, format: netip.Prefix.String}
)
