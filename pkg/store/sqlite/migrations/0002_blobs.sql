-- Pictures and the like, which never change. The limits are the contract's.

CREATE TABLE blobs (
	id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1000),
	type       TEXT    NOT NULL CHECK (length(type) <= 1000),
	data       BLOB    NOT NULL CHECK (length(data) <= 1048576),
	created_at INTEGER NOT NULL
) STRICT;
