package social

// Waiting returns how many flows wait for a provider on this node.
func (s *Service) Waiting(name string) int {
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	return s.doors.waiting[name]
}
