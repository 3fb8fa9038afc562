package s3

import "time"

// GiveUpAfter changes how long a call may take, and how long it may take to look what came of it.
func (s *Store) GiveUpAfter(d time.Duration) { s.timeout, s.look = d, d }
