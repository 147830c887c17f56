package policy

// cover looks for one option per choice such that together they make every
// Deny statement fail and leave one Allow statement whole.
type cover struct {
	search  *search
	fixed   option
	choices [][]option
}

// maxPartial bounds the partial solutions kept; there are more only in
// policies made to be hard.
const maxPartial = 4096

// partial is a choice made so far: which of the needed Denies fail by it.
type partial struct {
	covered bits
	from    int // in the layer before
	option  int
}

func (c *cover) solve() ([]*option, bool) {
	var denies bits
	var allows []int
	for i := range c.search.policy.statements {
		if c.search.policy.statements[i].deny {
			denies.add(i)
		} else {
			allows = append(allows, i)
		}
	}
	if c.search.question.NotDenied {
		return c.cover(denies, -1)
	}
	for _, allow := range allows {
		if c.fixed.fails.has(allow) {
			continue
		}
		if picked, ok := c.cover(denies, allow); ok {
			return picked, true
		}
	}
	return nil, false
}

// cover keeps, choice by choice, the sets of Denies that can be made to fail,
// without those that are part of another one.
func (c *cover) cover(denies bits, allow int) ([]*option, bool) {
	need := minus(denies, c.fixed.mayFail)
	layers := [][]partial{{{from: -1}}}
	for _, options := range c.choices {
		before := layers[len(layers)-1]
		var layer []partial
		for o := range options {
			if allow >= 0 && options[o].fails.has(allow) {
				continue
			}
			for b := range before {
				covered := before[b].covered.or(options[o].mayFail.and(need))
				layer = keep(layer, partial{covered, b, o})
			}
			if !c.search.spend(len(before) * (1 + len(layer)/8)) {
				return nil, false
			}
			if len(layer) > maxPartial {
				c.search.doubt("too many combinations")
				layer = layer[:maxPartial]
			}
		}
		if len(layer) == 0 {
			return nil, false
		}
		layers = append(layers, layer)
	}
	for i, p := range layers[len(layers)-1] {
		if need.within(p.covered) {
			return c.trace(layers, i), true
		}
	}
	return nil, false
}

func minus(a, b bits) bits {
	for i := range a {
		a[i] &^= b[i]
	}
	return a
}

// keep adds a partial solution unless one that is as good is there, and drops
// those that it beats.
func keep(layer []partial, p partial) []partial {
	for i := range layer {
		if p.covered.within(layer[i].covered) {
			return layer
		}
	}
	kept := layer[:0]
	for _, other := range layer {
		if !other.covered.within(p.covered) {
			kept = append(kept, other)
		}
	}
	return append(kept, p)
}

func (c *cover) trace(layers [][]partial, last int) []*option {
	picked := make([]*option, len(c.choices))
	for i := len(c.choices); i > 0; i-- {
		p := layers[i][last]
		picked[i-1] = &c.choices[i-1][p.option]
		last = p.from
	}
	return picked
}
