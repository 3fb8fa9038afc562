package bridge

// KeyID is what computes the name of a published key.
var KeyID = keyID
