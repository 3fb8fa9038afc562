package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

const (
	minMajor        = 6  // the oldest MongoDB with all its promises kept and its support not long over
	commandNotFound = 59 // the server's error code
)

// server is what a deployment says of itself.
type server struct {
	SetName string `bson:"setName"`
	Msg     string `bson:"msg"` // "isdbgrid" from a router

	Version          string  `bson:"version"`
	VersionArray     []int64 `bson:"versionArray"`
	BuildEnvironment bson.M  `bson:"buildEnvironment"` // MongoDB's own builds have it; look-alikes do not
}

// server asks the deployment who it is.
func (s *Store) server(ctx context.Context) (server, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	var v server
	err := s.ask(ctx, "hello", &v)
	if e := (mongo.CommandError{}); errors.As(err, &e) && e.Code == commandNotFound {
		err = s.ask(ctx, "isMaster", &v)
	}
	if err == nil {
		err = s.ask(ctx, "buildInfo", &v)
	}
	if err != nil {
		return server{}, unavailable("ask the server for its version", err)
	}
	return v, nil
}

func (s *Store) ask(ctx context.Context, command string, v *server) error {
	return s.client.Database("admin").RunCommand(ctx, bson.M{command: 1}).Decode(v)
}

func (v server) standalone() bool { return v.SetName == "" && v.Msg != "isdbgrid" }

func (v server) accept(standalone bool, hosts string) error {
	if v.standalone() && !standalone {
		return fmt.Errorf("mongo: the server at %s is no replica set, so it can lose what it has acknowledged: "+
			"make it one (a single member will do), or say GATEHOUSE_MONGO_STANDALONE=true for tests and trials", hosts)
	}
	if v.BuildEnvironment != nil && len(v.VersionArray) > 0 && v.VersionArray[0] < minMajor {
		return fmt.Errorf("mongo: the server at %s is MongoDB %s; %d.0 is the oldest that will do", hosts, v.Version, minMajor)
	}
	return nil
}

// String returns the kind and version for a person.
func (v server) String() string {
	switch {
	case v.Msg == "isdbgrid":
		return "MongoDB " + v.Version + ", sharded"
	case v.SetName != "":
		return "MongoDB " + v.Version + ", replica set " + v.SetName
	default:
		return "MongoDB " + v.Version + ", a single server"
	}
}

// Describe returns the server's version, its hosts and the database's name.
func (s *Store) Describe(ctx context.Context) (string, error) {
	v, err := s.server(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, at %s, database %s", v, s.hosts, s.db.Name()), nil
}
