package apikey

// Held returns how many existing keys, absent ids, reads under way and uses are in memory.
func (s *Service) Held() (known, absent, reads, uses int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cache.known), len(s.cache.absent), len(s.cache.reads), len(s.used)
}
