package lock

import "testing"

func TestOverlap(t *testing.T) {
	for _, row := range []struct {
		pattern, path string
		want          bool
	}{
		{"GET/health", "/health", true},
		{"GET/health", "/healthy", false},
		{"GET/health", "/{x}", true},
		{"GET/a/health", "/{x}", false},
		{"GET/a/health", "/{x+}", true},
		{"GET/users/*", "/users/{id}/secret", true},
		{"GET/users/*", "/users", false},
		{"GET/*/secret", "/users/{id}", true}, // it serves /users/secret
		{"GET/*/secret", "/{id}", false},
		{"GET/*/secret", "/{x+}", true},
		{"GET/*/*/*/*/*/z", "/{a}/{b}/{c}/{d}/{e}/{f}/y", false},
		{"GET/", "/", true},
	} {
		if got := overlap(row.pattern, served("GET", row.path)); got != row.want {
			t.Errorf("%s and %s: %v", row.pattern, row.path, got)
		}
	}
}
