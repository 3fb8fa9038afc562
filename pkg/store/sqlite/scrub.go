package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
)

const (
	// scrubChunk is how many pages one write of a scrub looks at, in a few milliseconds.
	scrubChunk = 32
	// scrubLimit bounds the size of a file that is scrubbed, 128 GiB at 4 KiB a page. A page that is
	// of no b-tree begins with the number of another page, so that up to there its first byte is
	// none of those that a page of a b-tree begins with.
	scrubLimit = 1 << 25
)

// scrub overwrites what is left in the unused middle of pages that hold what people are found by.
// secure_delete overwrites a row that is removed, but when rows of different lengths come and go
// SQLite also builds pages anew, and then leaves copies of what was on them where nothing is now.
//
// It reads these tables once, in which others read and write, and writes no page that is clean. A
// page whose number changes meanwhile may be missed; the next scrub finds it.
func (s *Store) scrub(ctx context.Context) error {
	unclean, err := s.uncleanPages(ctx)
	if err != nil {
		return err
	}
	if len(unclean) == 0 {
		return nil
	}
	db, err := openDB(s.path, scrubbing)
	if err != nil {
		return s.explain(err)
	}
	err = withConn(ctx, db, func(ctx context.Context, conn *sql.Conn) error {
		for some := range slices.Chunk(unclean, scrubChunk) {
			if err := scrubPages(ctx, conn, some); err != nil {
				return err
			}
			// The writer's turn: it waits in steps that grow, and would miss the gap between two chunks.
			if err := s.write(ctx, func(*tx) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	return s.explain(errors.Join(err, db.Close()))
}

// uncleanPages returns the numbers of the pages with something in their unused middle.
func (s *Store) uncleanPages(ctx context.Context) ([]int64, error) {
	const pages = `SELECT p.pgno, p.data FROM dbstat d CROSS JOIN sqlite_dbpage p ON p.pgno = d.pageno
		WHERE d.name IN ('users', 'identifiers', 'search_lines', 'search_newest') AND d.pagetype <> 'overflow'`
	var unclean []int64
	err := s.readers.each(ctx, pages, nil, func(r row) error {
		var n int64
		var page sql.RawBytes
		if err := r.Scan(&n, &page); err != nil {
			return err
		}
		if !empty(unused(page)) {
			unclean = append(unclean, n)
		}
		return nil
	})
	return unclean, s.explain(err)
}

// scrubPages cleans some pages in one transaction. One that ends early ends with its connection.
func scrubPages(ctx context.Context, conn *sql.Conn, numbers []int64) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var count int64
	if err := conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&count); err != nil {
		return err
	}
	for _, n := range numbers {
		if count >= scrubLimit {
			break
		}
		if err := scrubPage(ctx, conn, n); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, "COMMIT")
	return err
}

// scrubPage cleans a page, if it is still there and one of a b-tree.
func scrubPage(ctx context.Context, conn *sql.Conn, n int64) error {
	var page []byte
	err := conn.QueryRowContext(ctx, `SELECT data FROM sqlite_dbpage WHERE pgno = ?`, n).Scan(&page)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	middle := unused(page)
	if empty(middle) {
		return nil
	}
	clear(middle)
	_, err = conn.ExecContext(ctx, `UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?`, page, n)
	return err
}

// unused returns what lies between the pointers and the cells of a page of a b-tree, nothing of
// another page (https://sqlite.org/fileformat2.html#b_tree_pages).
func unused(page []byte) []byte {
	const interiorIndex, interiorTable, leafIndex, leafTable = 2, 5, 10, 13
	if len(page) < 512 { // the smallest there is
		return nil
	}
	header := 8
	switch page[0] {
	case interiorIndex, interiorTable:
		header = 12
	case leafIndex, leafTable:
	default:
		return nil
	}
	from := header + 2*int(binary.BigEndian.Uint16(page[3:]))
	to := int(binary.BigEndian.Uint16(page[5:]))
	if from > to || to > len(page) {
		return nil
	}
	return page[from:to]
}

func empty(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }
