// Package file carries mails into a folder, one file each, for tests and for programs that
// pick them up. It owns nothing but the file until it is there whole.
package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/eml"
)

// Sender is a mail.Sender that writes DIR/<id>.eml. A mail that is sent again is the same
// file. It is safe for concurrent use, by several processes too.
type Sender struct {
	Dir string // made when it is not there, for its owner only
}

// Send writes a letter as SMTP would carry it. The file appears whole or not at all, and is on
// disk when Send returns.
func (s Sender) Send(_ context.Context, l mail.Letter) error {
	m, err := eml.Compose(l)
	if err != nil {
		return err
	}
	var whole bytes.Buffer
	if _, err := m.WriteTo(&whole); err != nil {
		return fmt.Errorf("mail file: compose: %w", err)
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("mail file: %w", err)
	}
	return place(filepath.Join(s.Dir, l.ID+".eml"), whole.Bytes()) // Compose has seen that the id is letters and digits
}

func place(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".mail-*") // mode 0600
	if err != nil {
		return fmt.Errorf("mail file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("mail file: %w", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("mail file: %w", err)
	}
	return nil
}
