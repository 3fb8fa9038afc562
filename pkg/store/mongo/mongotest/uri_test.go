package mongotest

import "testing"

func TestWithDatabaseChangesTheDatabaseAndNothingElse(t *testing.T) {
	for _, c := range []struct{ name, uri, want string }{
		{"a bare server", "mongodb://a:1", "mongodb://a:1/db"},
		{"a path", "mongodb://a:1/old", "mongodb://a:1/db"},
		{"several hosts and options", "mongodb://a:1,b:2/?replicaSet=rs0", "mongodb://a:1,b:2/db?replicaSet=rs0"},
		{"options and no path", "mongodb://a:1?replicaSet=rs0", "mongodb://a:1/db?replicaSet=rs0"},
		{"credentials of the old database", "mongodb://u:p@a:1/old", "mongodb://u:p@a:1/db?authSource=old"},
		{"credentials of a named database", "mongodb://u:p@a:1/old?authSource=admin", "mongodb://u:p@a:1/db?authSource=admin"},
		{"credentials of the default database", "mongodb+srv://u:p@a/?x=y", "mongodb+srv://u:p@a/db?x=y"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := withDatabase(c.uri, "db"); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}
