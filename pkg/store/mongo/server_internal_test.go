package mongo

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

func TestAcceptTakesDeploymentsThatKeepWhatTheyAcknowledge(t *testing.T) {
	build := bson.M{"cc": "gcc"}
	for _, c := range []struct {
		name       string
		server     server
		standalone bool
		ok         bool
	}{
		{"a replica set", server{SetName: "rs0", VersionArray: []int64{7, 0, 1}, BuildEnvironment: build}, false, true},
		{"the oldest MongoDB that will do", server{SetName: "rs0", VersionArray: []int64{6, 0, 0}, BuildEnvironment: build}, false, true},
		{"a router", server{Msg: "isdbgrid", VersionArray: []int64{8, 0, 0}, BuildEnvironment: build}, false, true},
		{"a single server", server{VersionArray: []int64{7, 0, 1}, BuildEnvironment: build}, false, false},
		{"a single server that is allowed", server{VersionArray: []int64{7, 0, 1}, BuildEnvironment: build}, true, true},
		{"a MongoDB that is too old", server{SetName: "rs0", VersionArray: []int64{5, 0, 30}, BuildEnvironment: build}, false, false},
		{"a MongoDB that is too old, allowed to be single", server{VersionArray: []int64{5, 0, 30}, BuildEnvironment: build}, true, false},
		{"a look-alike that names an older version", server{SetName: "rs0", VersionArray: []int64{5, 0, 0}}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.server.accept(c.standalone, "db:27017"); (err == nil) != c.ok {
				t.Fatalf("got %v, want accepted: %t", err, c.ok)
			}
		})
	}
}

func TestAnIndexIsTheServersOnlyIfItNeitherRefusesNorRemovesMore(t *testing.T) {
	seconds := func(n int32) *int32 { return &n }
	yes, no := true, false
	plain, expiring := index{}, index{ttl: counterSlack}
	for _, c := range []struct {
		name  string
		index index
		spec  mongo.IndexSpecification
		want  bool
	}{
		{"a plain one", plain, mongo.IndexSpecification{}, true},
		{"one that says it is not unique", plain, mongo.IndexSpecification{Unique: &no}, true},
		{"a unique one refuses what it should not", plain, mongo.IndexSpecification{Unique: &yes}, false},
		{"one that expires records removes what it should not", plain, mongo.IndexSpecification{ExpireAfterSeconds: seconds(60)}, false},
		{"counters expire", expiring, mongo.IndexSpecification{ExpireAfterSeconds: seconds(counterSlack)}, true},
		{"counters that stay for ever", expiring, mongo.IndexSpecification{}, false},
		{"counters that expire too early", expiring, mongo.IndexSpecification{ExpireAfterSeconds: seconds(60)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.index.is(c.spec); got != c.want {
				t.Fatalf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestClientOptionsSetWhatCorrectnessRestsOn(t *testing.T) {
	for _, c := range []struct {
		name, uri, database string
		standalone, retries bool
		minPool, maxPool    uint64
	}{
		{"a bare URI", "mongodb://db", "gatehouse", false, true, 5, 100},
		{"a single server knows no retries", "mongodb://db/x", "x", true, false, 5, 100},
		{"what does not weaken stays", "mongodb://a,b/my%2Didp?w=majority&retryWrites=false&maxPoolSize=3", "my-idp", false, false, 3, 3},
		{"a longer timeout is overruled", "mongodb://db/?readConcernLevel=majority&timeoutMS=90000", "gatehouse", false, true, 5, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, database, err := clientOptions(c.uri, c.standalone, timesOf(0))
			if err != nil || database != c.database {
				t.Fatalf("got database %q (error %v), want %q", database, err, c.database)
			}
			if o.WriteConcern.W != "majority" || o.ReadConcern.Level != "majority" || o.ReadPreference.Mode() != readpref.PrimaryMode {
				t.Errorf("write concern %v, read concern %v, read preference %v", o.WriteConcern, o.ReadConcern, o.ReadPreference)
			}
			if *o.Timeout != 3*time.Second || *o.ServerSelectionTimeout != 2*time.Second || *o.RetryWrites != c.retries {
				t.Errorf("timeout %v, selection %v, retries %t", o.Timeout, o.ServerSelectionTimeout, *o.RetryWrites)
			}
			if *o.MinPoolSize != c.minPool || *o.MaxPoolSize != c.maxPool {
				t.Errorf("pool of %d to %d, want %d to %d", *o.MinPoolSize, *o.MaxPoolSize, c.minPool, c.maxPool)
			}
		})
	}
}
