package mongo_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
	"github.com/gatehouse-id/gatehouse/pkg/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, mongotest.URI(t), time.Now) })
}
