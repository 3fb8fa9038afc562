// Package app builds the service once, from configuration to a running server: store, keys,
// services, doors. It is the only package that knows all of them, and it decides nothing else.
package app
