package mongo

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// own is what the store keeps in a record beside the entity.
type own struct {
	Call    string                 `bson:"call"`
	Pending []identity.Consequence `bson:"pending"`
}

// bsonOptions maps entities by their JSON tags. A missing list is an empty one, because
// nothing can be pushed onto null.
func bsonOptions() *options.BSONOptions {
	return &options.BSONOptions{UseJSONStructTags: true, NilSliceAsEmpty: true, NilByteSliceAsEmpty: true}
}

// registry writes raw JSON as text, so that people can read it; the driver reads it back as it is.
func registry() *bson.Registry {
	r := bson.NewRegistry()
	r.RegisterTypeEncoder(reflect.TypeFor[json.RawMessage](), bson.ValueEncoderFunc(
		func(_ bson.EncodeContext, w bson.ValueWriter, v reflect.Value) error {
			return w.WriteString(string(v.Bytes()))
		}))
	return r
}

// omitted names the fields of an entity that its encoding leaves out because they are empty:
// setting the entity over a record must unset them.
func omitted[T any](entity T) bson.M {
	unset := bson.M{}
	v := reflect.ValueOf(entity)
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		field := v.FieldByIndex(f.Index)
		if option == "omitempty" && (field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0) {
			unset[name] = ""
		}
	}
	return unset
}

// never is the zero time as records hold it: the first instant of year 1.
func never() time.Time { return time.Time{} }

// asc and desc are sort orders by fields in turn.
func asc(fields ...string) bson.D  { return order(1, fields) }
func desc(fields ...string) bson.D { return order(-1, fields) }

func order(direction int, fields []string) bson.D {
	d := make(bson.D, len(fields))
	for i, f := range fields {
		d[i] = bson.E{Key: f, Value: direction}
	}
	return d
}
