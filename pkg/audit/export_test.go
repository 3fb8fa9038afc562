package audit

import "github.com/gatehouse-id/gatehouse/pkg/identity"

// Sum is the hash of an entry.
func Sum(key []byte, e identity.AuditEntry) []byte { return sum(key, e) }

// Page is how many entries are read at a time.
const Page = page
