-- Times are milliseconds since 1970 in UTC; 0 stands for the zero time, "never".
-- Tables of short rows have no rowid: the row lies in the index of its key. Tables of long
-- rows keep the rowid, because a long row in an index spills into overflow pages. The limits
-- on lengths are far above what the services write; they stop nonsense, not people.

CREATE TABLE users (
	id      TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1000),
	rev     INTEGER NOT NULL CHECK (rev >= 1),
	deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
	record  TEXT    NOT NULL CHECK (json_valid(record)),
	claims  BLOB    NOT NULL
) STRICT;

CREATE INDEX users_deleted ON users (id) WHERE deleted = 1;

-- Values are canonical before they come here: equal names are equal bytes.
CREATE TABLE identifiers (
	kind    TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 1000),
	value   TEXT NOT NULL COLLATE BINARY CHECK (length(value) BETWEEN 1 AND 1000),
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX identifiers_user ON identifiers (user_id);

CREATE TABLE sessions (
	id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1000),
	user_id      TEXT    NOT NULL CHECK (length(user_id) <= 1000),
	epoch        INTEGER NOT NULL,
	secret       BLOB    NOT NULL CHECK (length(secret) <= 1000),
	counter      INTEGER NOT NULL,
	app          TEXT    NOT NULL,
	ip           TEXT    NOT NULL,
	user_agent   TEXT    NOT NULL,
	device_id    TEXT    NOT NULL,
	rotated_by   TEXT    NOT NULL,
	auth_time    INTEGER NOT NULL,
	amr          TEXT    NOT NULL CHECK (json_valid(amr)),
	created_at   INTEGER NOT NULL,
	rotated_at   INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL,
	idle_until   INTEGER NOT NULL,
	max_until    INTEGER NOT NULL,
	ended_at     INTEGER NOT NULL,
	end_reason   TEXT    NOT NULL,
	dead_from    INTEGER NOT NULL GENERATED ALWAYS AS
		(min(idle_until, max_until, iif(ended_at = 0, max_until, ended_at))) VIRTUAL
) STRICT;

CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_dead ON sessions (dead_from);

CREATE TABLE invitations (
	id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1000),
	code_hash     BLOB    NOT NULL CHECK (length(code_hash) <= 1000),
	email         TEXT    NOT NULL,
	email_key     TEXT    NOT NULL,
	max_uses      INTEGER NOT NULL,
	uses_left     INTEGER NOT NULL CHECK (uses_left >= 0),
	user_type     TEXT    NOT NULL,
	claims        BLOB    NOT NULL,
	note          TEXT    NOT NULL,
	created_by    TEXT    NOT NULL,
	created_at    INTEGER NOT NULL,
	expires_at    INTEGER NOT NULL,
	revoked_at    INTEGER NOT NULL,
	last_issue_at INTEGER NOT NULL
) STRICT;

CREATE INDEX invitations_age ON invitations (created_at, id);

CREATE TABLE uses (
	n             INTEGER PRIMARY KEY, -- the order they came in
	invitation_id TEXT    NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
	user_id       TEXT    NOT NULL CHECK (length(user_id) BETWEEN 1 AND 1000),
	at            INTEGER NOT NULL,
	confirmed     INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
	UNIQUE (invitation_id, user_id)
) STRICT;

CREATE INDEX uses_reserved ON uses (at) WHERE confirmed = 0;

CREATE TABLE api_keys (
	id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1000),
	name         TEXT    NOT NULL,
	kind         TEXT    NOT NULL,
	hash         BLOB    NOT NULL CHECK (length(hash) <= 1000),
	scopes       TEXT    NOT NULL CHECK (json_valid(scopes)),
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL,
	revoked_at   INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE key_set (
	only    INTEGER PRIMARY KEY CHECK (only = 1),
	version INTEGER NOT NULL CHECK (version >= 1),
	data    BLOB    NOT NULL
) STRICT;

CREATE TABLE counters (
	name      TEXT    NOT NULL PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 200),
	n         INTEGER NOT NULL CHECK (n >= 1),
	resets_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX counters_over ON counters (resets_at);

-- The holder is the record that must outlive the consequence, empty when there is none.
CREATE TABLE consequences (
	id       TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1000),
	holder   TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	due_at   INTEGER NOT NULL,
	attempts INTEGER NOT NULL CHECK (attempts >= 0),
	data     BLOB    NOT NULL
) STRICT;

CREATE INDEX consequences_due ON consequences (due_at);
CREATE INDEX consequences_holder ON consequences (holder) WHERE holder <> '';

CREATE TABLE audit (
	seq   INTEGER PRIMARY KEY,
	id    TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 1000),
	event BLOB NOT NULL,
	prev  BLOB NOT NULL CHECK (length(prev) <= 1000),
	hash  BLOB NOT NULL CHECK (length(hash) <= 1000)
) STRICT;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
	SELECT RAISE (ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
	SELECT RAISE (ABORT, 'the audit log is append-only');
END;
