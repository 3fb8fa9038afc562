// Package s3 keeps blobs in a bucket of an S3-compatible object store, one object each. It is only
// store.Blobs: every other record stays where it is.
//
// An object is written under the condition that there is none (If-None-Match: *), in one request,
// and what became of a write whose answer was lost is looked up once. A server that refuses the
// condition is asked first whether the object is there; one that ignores it would replace it,
// which ids that are random do not let happen. Whatever else a server says, that a bucket is gone
// or a credential wrong too, is store.ErrUnavailable: nothing but its own word for a missing object
// is an absence.
//
// The credential needs to list the bucket (or a missing object looks like a forbidden one), and to
// get, put and delete objects in it.
package s3
