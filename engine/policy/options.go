package policy

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// list makes the options of a key: at least one of every kind that the policy's
// conditions can tell apart, or a doubt.
func (s *search) list(d *dim) {
	d.options = d.options[:0:0]
	if d.keys.optional {
		d.options = append(d.options, option{})
	}
	switch d.keys.kind {
	case rangeLists:
		for _, values := range d.keys.lists {
			d.options = append(d.options, option{values: values})
		}
	case rangeAddress:
		for _, addr := range s.addresses(d) {
			d.options = append(d.options, option{addr: addr})
		}
	case rangeTime:
		for _, now := range s.times(d) {
			d.options = append(d.options, option{now: now})
		}
	case rangeText:
		texts := s.texts(d)
		for size := 1; size <= d.keys.maximum; size++ {
			s.lists(d, texts, make([]string, 0, size))
		}
	}
	s.spend(len(d.options))
}

// lists adds every list of texts that has the capacity of begun, order aside.
func (s *search) lists(d *dim, texts, begun []string) {
	if len(begun) == cap(begun) {
		if s.spend(1) {
			d.options = append(d.options, option{values: begun})
		}
		return
	}
	for i := range texts {
		if s.work < 0 {
			return
		}
		longer := append(make([]string, 0, cap(begun)), begun...)
		s.lists(d, texts[i:], append(longer, texts[i]))
	}
}

// mark finds what each option makes fail, and keeps one of each kind.
func (s *search) mark(d *dim) {
	type effect struct{ fails, mayFail bits }
	seen := map[effect]bool{}
	kept := d.options[:0]
	for i := range d.options {
		o := &d.options[i]
		d.keys.apply(o, &s.request.Context)
		for _, c := range d.conditions {
			if s.isOpen(c.eachVariable) || s.over && d.keys.mixes(c.condition, d.conditions) {
				o.note(c.statement, false, true)
			} else {
				o.note(c.statement, !c.holds(&s.request.Context), false)
			}
		}
		if e := (effect{o.fails, o.mayFail}); !seen[e] {
			seen[e] = true
			kept = append(kept, *o)
		}
	}
	s.spend(len(d.options) * (1 + len(d.conditions)))
	d.options = kept
}

// comparesText: the families that the machine reads.
func (f family) comparesText() bool {
	return f == familyString || f == familyFold || f == familyLike || f == familyArn
}

// mixes tells whether a condition compares a key's values in another way than
// the one the key's options are complete for: by text, or, if no condition on
// the key does that, in one other way.
func (r *KeyRange) mixes(c *condition, all []conditionAt) bool {
	switch {
	case c.family == familyNull || r.kind == rangeLists:
		return false
	case r.kind == rangeAddress:
		return c.family != familyIP
	case r.kind == rangeTime: // other families match no time, whichever
		return c.family.comparesText() && c.family != familyArn
	case c.family.comparesText():
		return false
	}
	return c.family == familyBinary || len(r.without)+len(r.parts) > 0 ||
		slices.ContainsFunc(all, func(other conditionAt) bool {
			return other.family != c.family && other.family != familyNull
		})
}

// texts are what a text key may have: one text for each combination of text
// comparisons, and candidates for the other comparisons.
func (s *search) texts(d *dim) []string {
	m := machine{spend: s.spend}
	group := 0
	add := func(c *condition) {
		for i := range c.texts {
			m.add(s.tokens(&c.texts[i], c.family == familyFold), group)
		}
		for i := range c.arns {
			m.add(s.arnTokens(&c.arns[i]), group)
		}
		group++
	}
	for _, c := range d.conditions {
		if !s.isOpen(c.eachVariable) {
			add(c.condition)
		}
	}
	if d.variable && !s.over { // what it is compared with has a say, see doubtVariables
		for _, other := range s.dims {
			if other != d && other.keys.kind == rangeText {
				for _, c := range other.conditions {
					add(c.condition)
				}
				for _, tokens := range other.keys.forbidden() {
					m.add(tokens, group)
					group++
				}
			}
		}
	}
	for _, tokens := range d.keys.forbidden() {
		m.patterns = append(m.patterns, machinePattern{tokens: tokens, group: -1, forbid: true})
	}
	texts, _ := m.texts() // if there may be more, spend has raised the doubt
	for _, c := range d.conditions {
		if s.over {
			break
		}
		if d.keys.mixes(c.condition, d.conditions) {
			s.doubt("the values of " + d.keys.name + " are compared in several ways")
		}
		for _, text := range c.candidates() {
			if d.keys.allowsText(text) && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

func (m *machine) add(tokens []token, group int) {
	if tokens != nil {
		m.patterns = append(m.patterns, machinePattern{tokens: tokens, group: group})
	}
}

// tokens is a pattern under the variables chosen so far; nil when it matches
// nothing. The empty pattern is not nil.
func (s *search) tokens(p *pattern, fold bool) []token {
	text := p.text
	if p.parts != nil {
		b, ok := p.expand(nil, &s.request.Context)
		if !ok {
			return nil
		}
		text = string(b)
	}
	return append([]token{}, globTokens(text, fold, tokenAny)...)
}

// arnTokens is an ARN's pattern as one: a wildcard stays within its field.
func (s *search) arnTokens(p *arnPattern) []token {
	if p.any || p.never {
		return nil // tells nothing apart
	}
	out := []token{}
	for i := range p.fields {
		tokens := s.tokens(&p.fields[i], false)
		if tokens == nil {
			return nil
		}
		for _, t := range tokens {
			if i < arnFields-1 && t.kind == tokenAny {
				t.kind = tokenNotColon
			}
			out = append(out, t)
		}
		if i < arnFields-1 {
			out = append(out, token{r: ':'})
		}
	}
	return out
}

// forbidden are the patterns that no value of the range matches.
func (r *KeyRange) forbidden() [][]token {
	var out [][]token
	for _, v := range r.without {
		out = append(out, append([]token{}, globTokens(v, false, tokenAny)...))
	}
	for _, v := range r.parts {
		out = append(out, partTokens(v))
	}
	return out
}

func (r *KeyRange) allowsText(text string) bool {
	return !slices.ContainsFunc(r.forbidden(), func(tokens []token) bool { return matchesTokens(tokens, text) })
}

// matchesTokens runs one pattern over one text.
func matchesTokens(tokens []token, text string) bool {
	one := machine{patterns: []machinePattern{{tokens: tokens}}}
	places := one.start()
	for _, r := range text {
		places = one.step(places, r)
	}
	return slices.Contains(places, at(0, len(tokens)))
}

// candidates are texts on each side of every value that a condition of no text
// family compares with.
func (c *condition) candidates() []string {
	var out []string
	for _, n := range c.numbers {
		// The next ones above and below: no region between two values is missed.
		for _, b := range [...]float64{n, n - 1, n + 1, math.Nextafter(n, math.Inf(-1)), math.Nextafter(n, math.Inf(1))} {
			text := strconv.FormatFloat(b, 'f', -1, 64)
			if len(text) > 40 {
				text = strconv.FormatFloat(b, 'g', -1, 64)
			}
			out = append(out, text)
		}
	}
	for _, t := range c.dates {
		for _, step := range [...]time.Duration{-1, 0, 1} {
			out = append(out, time.Unix(t.sec, int64(t.nsec)).Add(step).UTC().Format(time.RFC3339Nano),
				strconv.FormatInt(t.sec+int64(step), 10)) // years beyond 9999 have no other form
		}
	}
	for _, n := range c.nets {
		for _, addr := range around(n) {
			out = append(out, addr.String())
		}
	}
	if c.family == familyBool {
		out = append(out, "true", "false")
	}
	return append(out, c.blobs...)
}

// around are a range's first and last address and their neighbours outside.
func around(n netip.Prefix) []netip.Addr {
	first := n.Masked().Addr()
	bytes := first.AsSlice()
	for bit := n.Bits(); bit < first.BitLen(); bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	var out []netip.Addr
	for _, addr := range []netip.Addr{first, last, first.Prev(), last.Next()} {
		if addr.IsValid() {
			out = append(out, addr)
		}
	}
	return out
}

// addresses: one of each region that the ranges of the conditions cut out, ones
// from documentation where they will do.
func (s *search) addresses(d *dim) []netip.Addr {
	out := []netip.Addr{
		netip.AddrFrom4([4]byte{198, 51, 100, 7}), netip.MustParseAddr("2001:db8::7"),
		netip.IPv4Unspecified(), netip.IPv6Unspecified(),
	}
	add := func(addr netip.Addr) {
		if addr = addr.Unmap(); !slices.Contains(out, addr) {
			out = append(out, addr)
		}
	}
	for _, c := range d.conditions {
		if d.keys.mixes(c.condition, d.conditions) && !s.over {
			s.doubt("addresses are compared with texts")
		}
		for _, n := range c.nets {
			for _, addr := range around(n) {
				add(addr)
			}
		}
		for i := range c.texts {
			for _, addr := range likelyAddresses(c.texts[i].text) {
				add(addr)
			}
		}
	}
	return out
}

// likelyAddresses guesses addresses that a text with wildcards may mean.
func likelyAddresses(glob string) []netip.Addr {
	var out []netip.Addr
	for _, fill := range [...]string{"", "7", "7.7", "7.7.7", "7.7.7.7", "7::7"} {
		text := strings.NewReplacer(string([]byte{anyRun}), fill, string([]byte{anyOne}), "7").Replace(glob)
		if addr, ok := parseAddr(text); ok {
			out = append(out, addr)
		}
	}
	return out
}

// latest is the end of the year 9999.
const latest = 253402300799

// times: the first moment, and the seconds around every moment compared with.
func (s *search) times(d *dim) []int64 {
	out := []int64{d.keys.from}
	add := func(sec int64) {
		for t := sec - 1; t <= sec+1; t++ {
			if t > d.keys.from && t <= latest && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	for _, c := range d.conditions {
		if d.keys.mixes(c.condition, d.conditions) && !s.over {
			s.doubt("times are compared with texts")
		}
		for _, t := range c.dates {
			add(t.sec)
		}
		for _, n := range c.numbers {
			if math.Abs(n) < latest {
				add(int64(math.Floor(n)))
			}
		}
	}
	return out
}

// resources are the options of the request's resource: of every combination
// that the statements can tell apart, the shortest one.
func (s *search) resources() []option {
	pieces := slices.Clone(s.question.Resource)
	cut := 0
	for range arnFields - 1 {
		cut += strings.IndexByte(pieces[0].text[cut:], ':') + 1
	}
	prefix := arnValue{whole: pieces[0].text}
	prefix.cut()
	head := pieces[0].text[:cut]
	pieces[0] = Exactly(pieces[0].text[cut:])

	m := machine{spend: s.spend}
	m.patterns = append(m.patterns, machinePattern{tokens: pieceTokens(pieces), group: -1, must: true})
	open := make([]bool, len(s.policy.statements))
	for i := range s.policy.statements {
		list := s.policy.statements[i].resources
		for j := range list {
			if s.isOpen(list[j].eachVariable) {
				open[i] = true
			} else if s.sameHead(&list[j], &prefix) {
				m.add(s.tokens(&list[j].fields[arnFields-1], false), i)
			}
		}
	}
	var out []option
	texts, _ := m.texts()
	for _, text := range texts {
		o := option{values: []string{head + text}}
		s.request.Resource = head + text
		value := arnValue{whole: s.request.Resource}
		for i := range s.policy.statements {
			o.note(i, !open[i] && !s.policy.statements[i].matchesResource(&s.request, &value), open[i])
		}
		out = append(out, o)
	}
	s.spend(len(out) * len(open))
	return out
}

func (p *arnPattern) eachVariable(visit func(*part, *pattern)) {
	for i := range p.fields {
		p.fields[i].eachVariable(visit)
	}
}

// sameHead: could the pattern match a resource with these first five fields?
func (s *search) sameHead(p *arnPattern, prefix *arnValue) bool {
	if p.any || p.never {
		return false // tells nothing apart
	}
	for i := range arnFields - 1 {
		if !p.fields[i].matches(prefix.fields[i], &s.request.Context) {
			return false
		}
	}
	return true
}
