package edge

import (
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// sessionCookie keeps a viewer on one side of a continuous deployment.
const sessionCookie = "aws-cf-cd-session"

// The sides of a continuous deployment.
const (
	sidePrimary = 'p'
	sideStaging = 's'
)

// stage sends a visit to the staging distribution where the continuous
// deployment policy says so (reference/cloudfront.md section 5.9). A staging
// distribution that is not there, or disabled, gets nothing.
func (e *Edge) stage(v *visit) {
	t := v.distribution.Traffic
	if t == nil || v.x.Edge == nil {
		return
	}
	staging, ok := v.x.Edge.Unlisted(t.To)
	if !ok || !staging.Enabled {
		return
	}
	if !e.chosen(v, t) {
		return
	}
	v.x.Trail.Add("staging", staging.ID)
	v.distribution = staging
	v.x.Record.Distribution = staging.ID
}

// chosen tells whether a visit goes to staging: by its header, by its session,
// or by lot.
func (e *Edge) chosen(v *visit, t *program.Traffic) bool {
	if t.Header != "" {
		return v.asked.Header.Get(t.Header) == t.Value
	}
	if t.MaximumTTL == 0 {
		return e.drawn(t.Weight)
	}
	s, ok := sessionOf(v.asked.Header, t, v.now)
	if !ok {
		s = session{began: v.now, side: sidePrimary}
		if e.drawn(t.Weight) {
			s.side = sideStaging
		}
	}
	v.session = s.cookie(t, v.now)
	return s.side == sideStaging
}

// drawn is true for a share of all.
func (e *Edge) drawn(share float64) bool {
	const steps = 1 << 20
	return float64(e.random()%steps) < share*steps
}

// session is what the cookie says: the side, and when it began.
type session struct {
	side  byte
	began time.Time
}

// sessionOf reads a session that is still good: of this policy, used within
// IdleTTL, begun within MaximumTTL.
func sessionOf(h exchange.Header, t *program.Traffic, now time.Time) (session, bool) {
	for _, c := range cookiesOf(h, func(name string) bool { return name == sessionCookie }) {
		parts := strings.Split(c.value, ".")
		if len(parts) != 4 || parts[0] != t.Policy || parts[1] != string(rune(sidePrimary)) && parts[1] != string(rune(sideStaging)) {
			continue
		}
		began, err := strconv.ParseInt(parts[2], 36, 64)
		used, usedErr := strconv.ParseInt(parts[3], 36, 64)
		if err != nil || usedErr != nil {
			continue
		}
		s := session{side: parts[1][0], began: time.Unix(began, 0)}
		idle, age := now.Sub(time.Unix(used, 0)), now.Sub(s.began)
		if idle >= 0 && idle < t.IdleTTL && age >= 0 && age < t.MaximumTTL {
			return s, true
		}
	}
	return session{}, false
}

// cookie is the Set-Cookie value that carries a session on.
func (s session) cookie(t *program.Traffic, now time.Time) string {
	left := min(t.IdleTTL, t.MaximumTTL-now.Sub(s.began))
	return sessionCookie + "=" + t.Policy + "." + string(rune(s.side)) + "." + strconv.FormatInt(s.began.Unix(), 36) + "." +
		strconv.FormatInt(now.Unix(), 36) + "; Max-Age=" + strconv.FormatInt(int64(left/time.Second), 10) + "; Path=/; HttpOnly"
}
