-- What an administrator finds accounts by, derived from users: rows for each active account, written
-- with it. An account whose rows are of another revision, or that was there before these tables,
-- has its turn at the next start or sweep: so the version before may go on writing.

ALTER TABLE users ADD COLUMN searched INTEGER NOT NULL DEFAULT 0; -- the revision that its rows are of

CREATE INDEX users_unsearched ON users (id) WHERE searched <> rev;

-- Times are here milliseconds since 1970 for the zero time too, which is the oldest.
CREATE TABLE search (
	n          INTEGER PRIMARY KEY, -- from 2^24 on: of the same size for all
	user_id    TEXT    NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
	user_type  TEXT    NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX search_type ON search (user_type, created_at, user_id);

-- All terms of an account in one line, each behind a space; no term has one.
CREATE TABLE search_lines (
	n          INTEGER PRIMARY KEY,
	created_at INTEGER NOT NULL,
	user_id    TEXT    NOT NULL,
	user_type  TEXT    NOT NULL,
	terms      TEXT    NOT NULL
) STRICT;

-- The lines in the order in which accounts are listed, for a search to walk through.
CREATE INDEX search_newest ON search_lines (created_at, user_id, user_type, terms);

CREATE TRIGGER search_gone AFTER DELETE ON search
BEGIN
	DELETE FROM search_lines WHERE n = OLD.n;
END;

-- The first 16 bytes of each term, filled with zeros. Where all entries have one size SQLite never
-- builds a page anew, which leaves what has been on it in its gaps.
CREATE TABLE search_terms (
	head BLOB    NOT NULL CHECK (length(head) = 16),
	n    INTEGER NOT NULL REFERENCES search (n) ON DELETE CASCADE,
	PRIMARY KEY (head, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX search_terms_n ON search_terms (n);
