//go:build race

package gateway

// The race detector makes sync.Pool forget at random.
const raceDetector = true
