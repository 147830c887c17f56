package app

import (
	"net/http"
	"sync/atomic"
)

// readiness tells whether the app takes requests: false before it serves and
// while it drains.
type readiness struct{ on atomic.Bool }

func (r *readiness) set(on bool) { r.on.Store(on) }

// ops answers /_drawbridge/…: what AWS's APIs do not have.
func (a *App) ops() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_drawbridge/health", func(w http.ResponseWriter, _ *http.Request) {
		answerStatus(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /_drawbridge/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !a.ready.on.Load() {
			answerStatus(w, http.StatusServiceUnavailable, "draining")
			return
		}
		answerStatus(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /_drawbridge/ca.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(a.CACertificate())
	})
	mux.Handle("GET /_drawbridge/metrics", a.metrics.Handler())
	mux.HandleFunc("GET /_drawbridge/log", a.recentRecords)
	return mux
}

func answerStatus(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"status":"` + word + `"}`))
}

// recentRecords answers with the last records of the access log.
func (a *App) recentRecords(w http.ResponseWriter, r *http.Request) {
	if a.accessLog == nil {
		http.Error(w, "--access-log is off", http.StatusNotFound)
		return
	}
	a.accessLog.Recent(w, r)
}
