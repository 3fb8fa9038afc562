package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"golang.org/x/text/language"
)

//go:embed text/*/*.json
var files embed.FS

// catalogue is what one language says.
type catalogue struct {
	tag   language.Tag
	texts map[string]string
}

type shelf struct {
	catalogues []*catalogue // English first: the matcher takes the first for the default
	matcher    language.Matcher
}

// library returns the embedded catalogues, read once. They are part of the program: one that
// cannot be read is a defect that every test finds.
var library = sync.OnceValue(func() shelf {
	s, err := read(files)
	if err != nil {
		panic(err)
	}
	return s
})

func read(files fs.FS) (shelf, error) {
	byTag := map[string]*catalogue{}
	names, err := fs.Glob(files, "text/*/*.json")
	if err != nil {
		return shelf{}, fmt.Errorf("locale: %w", err)
	}
	for _, name := range names {
		tag := path.Base(path.Dir(name))
		if byTag[tag] == nil {
			byTag[tag] = &catalogue{tag: language.Make(tag), texts: map[string]string{}}
		}
		if err := byTag[tag].add(files, name); err != nil {
			return shelf{}, err
		}
	}
	return arrange(byTag), nil
}

func (c *catalogue) add(files fs.FS, name string) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("locale: %w", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("locale: %s: %w", name, err)
	}
	for key, text := range texts {
		if _, twice := c.texts[key]; twice {
			return fmt.Errorf("locale: %s: %s stands in another file too", name, key)
		}
		c.texts[key] = text
	}
	return nil
}

func arrange(byTag map[string]*catalogue) shelf {
	var s shelf
	for _, c := range byTag {
		s.catalogues = append(s.catalogues, c)
	}
	slices.SortFunc(s.catalogues, func(a, b *catalogue) int {
		switch {
		case a.tag == language.English:
			return -1
		case b.tag == language.English:
			return 1
		case a.tag.String() < b.tag.String():
			return -1
		default:
			return 1
		}
	})
	tags := make([]language.Tag, len(s.catalogues))
	for i, c := range s.catalogues {
		tags[i] = c.tag
	}
	s.matcher = language.NewMatcher(tags)
	return s
}
