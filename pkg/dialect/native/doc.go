// Package native is the door of the native dialect: JSON over /auth/..., the
// AuthorizationResponse, problem documents, and the key set that tokens are verified with.
// docs/api/native.md describes it.
//
// It translates: each route reads its input, calls one service once and gives the result its
// shape. It decides nothing and sees no store and no key.
package native
