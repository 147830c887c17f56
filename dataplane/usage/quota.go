package usage

import (
	"sync"
	"time"

	"drawbridge/dataplane/program"
)

// keptDays is how far back daily numbers are kept: GetUsage's window.
const keptDays = 90

// dayOf returns the number of a moment's UTC day since 1970.
func dayOf(at time.Time) int64 {
	seconds := at.Unix()
	day := seconds / 86400
	if seconds%86400 < 0 {
		day--
	}
	return day
}

// periodStart returns the first day of the period that day lies in: the day
// itself, its week's Sunday, or the first of its month, in UTC
// (reference/api-gateway.md 4.4).
func periodStart(period program.QuotaPeriod, day int64) int64 {
	switch period {
	case program.QuotaWeek:
		return day - ((day+4)%7+7)%7 // day 0 was a Thursday
	case program.QuotaMonth:
		at := time.Unix(day*86400, 0).UTC()
		return day - int64(at.Day()-1)
	}
	return day
}

// counter counts the calls of one key in one plan, by day.
type counter struct {
	mu    sync.Mutex
	first int64 // day of the first call: the offset applies to its period
	// used[i] is the count of day base+i.
	base int64
	used []int64
	// extra is what UpdateUsage added to (or took off) the limit for the
	// period that began on extraFrom.
	extra, extraFrom int64
	// sum caches the count since sumFrom, so that a call costs no addition over days.
	sum, sumFrom int64
	// The calls of leaseDay up to the leaseEnd-th are on record. leasing is held
	// while a lease is put there; it is taken before mu.
	leasing            sync.Mutex
	leaseDay, leaseEnd int64
}

// spend counts a call on a day unless the quota of its period is used up, or
// leased is true and no lease covers the call yet.
func (c *counter) spend(day int64, quota *program.Quota, leased bool) verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	day = max(day, c.base)
	if quota != nil {
		if c.remaining(day, quota) <= 0 {
			return usedUp
		}
		if leased && !c.covered(day) {
			return uncovered
		}
	}
	c.add(day)
	return spent
}

// remaining returns what is left on a day of the quota of its period.
func (c *counter) remaining(day int64, quota *program.Quota) int64 {
	start := periodStart(quota.Period, day)
	if c.sumFrom != start || len(c.used) == 0 {
		c.sumFrom, c.sum = start, c.between(start, day)
	}
	return c.limit(start, quota) - c.sum
}

// limit returns the quota of the period that begins on start.
func (c *counter) limit(start int64, quota *program.Quota) int64 {
	limit := quota.Limit
	if periodStart(quota.Period, c.first) == start {
		limit -= quota.Offset
	}
	if c.extraFrom == start {
		limit += c.extra
	}
	return limit
}

// between returns the number of calls from one day to another, both included.
func (c *counter) between(from, to int64) int64 {
	var sum int64
	for day := max(from, c.base); day <= to && day < c.base+int64(len(c.used)); day++ {
		sum += c.used[day-c.base]
	}
	return sum
}

// add counts a call. A clock that went back counts on the last known day.
func (c *counter) add(day int64) {
	*c.at(day)++
	if c.sumFrom <= day {
		c.sum++
	}
}

// at returns the place of a day's count, made if need be.
func (c *counter) at(day int64) *int64 {
	if len(c.used) == 0 || day >= c.base+int64(len(c.used))+keptDays {
		c.base, c.used = day, append(c.used[:0], 0)
	}
	day = max(day, c.base)
	for day >= c.base+int64(len(c.used)) {
		c.used = append(c.used, 0)
	}
	if drop := len(c.used) - keptDays; drop > 0 {
		c.used = append(c.used[:0], c.used[drop:]...)
		c.base += int64(drop)
	}
	return &c.used[day-c.base]
}

// report returns the numbers of the days from one to another.
func (c *counter) report(from, to int64, quota *program.Quota) []Day {
	c.mu.Lock()
	defer c.mu.Unlock()
	days := make([]Day, 0, to-from+1)
	for day := from; day <= to; day++ {
		d := Day{Used: c.between(day, day)}
		if quota != nil {
			start := periodStart(quota.Period, day)
			d.Remaining = max(c.limit(start, quota)-c.between(start, day), 0)
		}
		days = append(days, d)
	}
	return days
}

// setRemaining sets what is left on a day of the quota of its period, and
// returns what is to be on record from now on.
func (c *counter) setRemaining(id KeyID, day int64, quota program.Quota, remaining int64) counterRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	start := periodStart(quota.Period, day)
	c.extra, c.extraFrom = 0, start
	c.extra = remaining - c.remaining(day, &quota)
	c.leaseEnd = 0 // what is left may be less than what is leased
	return c.record(id)
}

// idle tells whether nothing of the counter is of interest any more.
func (c *counter) idle(today int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base+int64(len(c.used)) <= today-keptDays && c.extraFrom <= today-keptDays && c.first <= today-keptDays
}
