package web

import "net/http"

// RequireHTTPS answers 403 to requests that travelled in the clear, and hands on the rest. A site
// on loopback http takes everything. There is no redirect to https: whatever the request carried
// has been seen by then, and its sender should find out.
func (s *Site) RequireHTTPS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.secure && !s.encrypted(r) {
			http.Error(w, "https is required", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// encrypted reports whether the request came over https, to us or to a declared proxy.
func (s *Site) encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	return s.isProxy(peer(r)) && r.Header.Get("X-Forwarded-Proto") == "https"
}
