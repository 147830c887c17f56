package audit

// Seen is what one kind of real request to a door showed.
type Seen struct {
	Sent     bool
	Admitted bool
	Answer   string // "403 ForbiddenException", for people; no secrets
}

// Probe is what real requests to a door showed: without the secret, with a
// wrong one, with the right one. By way of a distribution only Without counts:
// a viewer has no secret.
type Probe struct{ Without, Wrong, With Seen }

// AddProbe records what was seen at Doors[i], adds a finding where it
// contradicts the analysis, and draws the verdict again. What the analysis
// could not tell is settled by a probe.
func (r *Report) AddProbe(i int, p Probe) {
	d := &r.Doors[i]
	let := func(s Seen) bool { return s.Sent && s.Admitted }
	refused := p.Without.Sent && !p.Without.Admitted && !let(p.Wrong)
	open := let(p.Without) || let(p.Wrong)
	if d.Direct {
		switch {
		case open:
			d.probe, d.Probe = Open, "open: "+firstAdmitted(p)
		case refused && d.Analysis == CannotTell && d.Needs != "unknown":
			// Who has a signature, a token, the right network may come in without
			// the secret: that a stranger does not says nothing about it.
			d.Probe = "refused: " + p.Without.Answer
		case refused:
			d.probe, d.Probe = Locked, "locked: "+p.Without.Answer
		}
	} else if p.Without.Sent {
		d.Probe = "answers: " + p.Without.Answer
	}
	if f, ok := d.contradiction(p, open, refused); ok {
		f.ID, f.Resource = "probe-contradicts", d.String()
		f.Mend = checkByID("probe-contradicts").mend
		r.Findings = append([]Finding{f}, r.Findings...)
	}
	r.conclude()
}

func firstAdmitted(p Probe) string {
	if p.Without.Sent && p.Without.Admitted {
		return p.Without.Answer
	}
	return p.Wrong.Answer + " with a wrong secret"
}

func (d *Door) contradiction(p Probe, open, refused bool) (Finding, bool) {
	f := Finding{Severity: High}
	switch {
	case !d.Direct && d.Analysis == FrontDoor && p.Without.Sent && !p.Without.Admitted:
		f.Reason = "the distribution is the way in, and yet its request was refused: " + p.Without.Answer
	case d.Direct && d.Analysis == Locked && open:
		f.Reason, f.Witness = "the analysis says locked, and yet a request without the secret was let in: "+firstAdmitted(p), d.String()
	case d.Direct && (d.Analysis == Open || d.Analysis == SideDoor) && refused && d.Needs == "nothing":
		f.Severity, f.Reason = Medium, "the analysis says open, and yet a request without the secret was refused: "+p.Without.Answer
	case d.Direct && d.Analysis == Locked && p.With.Sent && !p.With.Admitted:
		f.Reason = "a request with the secret was refused: " + p.With.Answer
	default:
		return f, false
	}
	return f, true
}
