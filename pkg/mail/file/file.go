// Package file carries letters to a folder, one .eml file each, for something else to pick up
// or for people to look at. It delivers nothing and removes nothing.
package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/eml"
)

// Sender is a mail.Sender that writes files. It is safe for concurrent use.
type Sender struct {
	dir string
}

// Open returns a sender to a folder, which it makes when there is none. Letters hold one-time
// links: the folder and its files are the owner's alone.
func Open(dir string) (*Sender, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mail: make folder: %w", err)
	}
	return &Sender{dir: dir}, nil
}

// Send writes a letter to ID.eml, whole or not at all; it is on disk when Send returns. The
// same letter again takes the place of its file.
func (s *Sender) Send(ctx context.Context, l mail.Letter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m, err := eml.Compose(l) // refuses an id that is a path
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".letter-*") // mode 0600
	if err != nil {
		return fmt.Errorf("mail: make file: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // is gone when all went well
	_, err = m.WriteTo(f)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, l.ID+".eml"))
	}
	if err == nil {
		err = syncFolder(s.dir)
	}
	if err != nil {
		return fmt.Errorf("mail: write file: %w", err)
	}
	return nil
}

// syncFolder makes a rename last.
func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own setting
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}
