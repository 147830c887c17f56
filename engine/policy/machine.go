package policy

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A machine answers which combinations of patterns one text can match at the
// same time. It reads all patterns in step, as one automaton whose states are
// the sets of places reached in them, and walks breadth first, so that the text
// it finds for each combination is a shortest one. That is exact: a text that
// no walk finds does not exist.
type machine struct {
	patterns []machinePattern
	spend    func(steps int) bool // false: give up, the answer is incomplete
}

type machinePattern struct {
	tokens []token
	group  int // which condition or statement it belongs to; -1: none
	forbid bool
	must   bool
}

// token matches one character, or when loop is set any number of them.
type token struct {
	kind tokenKind
	r    rune // lowest of its case orbit when kind is tokenFold
	loop bool
}

type tokenKind uint8

const (
	tokenRune tokenKind = iota
	tokenFold
	tokenAny
	tokenNotSlash
	tokenNotColon
)

func (t token) takes(r rune) bool {
	switch t.kind {
	case tokenRune:
		return t.r == r
	case tokenFold:
		return t.r == lowest(r)
	case tokenNotSlash:
		return r != '/'
	case tokenNotColon:
		return r != ':'
	}
	return true
}

// lowest is the same for two runes that strings.EqualFold takes as equal.
func lowest(r rune) rune {
	low := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		low = min(low, next)
	}
	return low
}

// globTokens reads a compiled pattern's text; wild is what its wildcards take.
func globTokens(text string, fold bool, wild tokenKind) []token {
	var out []token
	for i := 0; i < len(text); {
		switch text[i] {
		case anyRun:
			out = append(out, token{kind: wild, loop: true})
			i++
			continue
		case anyOne:
			out = append(out, token{kind: wild})
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if fold {
			out = append(out, token{kind: tokenFold, r: lowest(r)})
		} else {
			out = append(out, token{r: r})
		}
		i += size
	}
	return out
}

// partTokens is "contains text, in any case".
func partTokens(text string) []token {
	anything := token{kind: tokenAny, loop: true}
	return append(append([]token{anything}, globTokens(text, true, tokenAny)...), anything)
}

// pieceTokens reads a Question's resource.
func pieceTokens(pieces []Piece) []token {
	var out []token
	for _, p := range pieces {
		switch p.kind {
		case pieceText:
			out = append(out, globTokens(p.text, false, tokenAny)...)
		case pieceSegment:
			out = append(out, token{kind: tokenNotSlash}, token{kind: tokenNotSlash, loop: true})
		case pieceRest:
			out = append(out, token{kind: tokenAny}, token{kind: tokenAny, loop: true})
		case pieceSlashes:
			out = append(out, token{r: '/', loop: true})
		}
	}
	return out
}

// place is a position in a pattern: the pattern in the high half.
type place uint32

func at(pattern, token int) place { return place(pattern<<16 | token) }

// walk is one state of the walk and how it was reached.
type walk struct {
	places []place
	from   int // index of the state before; -1 at the start
	by     rune
}

// texts returns one text for each combination of groups that some text
// matches, empty and not empty told apart, and whether that is all of them.
func (m *machine) texts() (found []string, complete bool) {
	fresh := m.fresh()
	states := []walk{{places: m.start(), from: -1}}
	known := map[string]bool{stateName(states[0].places): true}
	seen := map[string]bool{}
	for i := 0; i < len(states); i++ {
		combination, usable, dead := m.judge(states[i].places)
		if dead {
			continue
		}
		if states[i].from < 0 {
			combination += "-" // an odd length: no set of groups
		}
		if usable && !seen[combination] {
			seen[combination] = true
			found = append(found, spell(states, i))
		}
		runes := m.next(states[i].places, fresh)
		if !m.spend(1 + len(runes)*(8+len(states[i].places))/16) {
			return found, false
		}
		for _, r := range runes {
			places := m.step(states[i].places, r)
			if name := stateName(places); !known[name] {
				known[name] = true
				states = append(states, walk{places, i, r})
			}
		}
	}
	return found, true
}

func (m *machine) start() []place {
	var out []place
	for i := range m.patterns {
		out = m.enter(out, at(i, 0))
	}
	return out
}

// enter adds a place and those it reaches without a character. Places are kept
// in order and once.
func (m *machine) enter(list []place, p place) []place {
	tokens := m.patterns[p>>16].tokens
	for {
		if n := len(list); n == 0 || list[n-1] < p {
			list = append(list, p)
		}
		if i := int(p & 0xffff); i == len(tokens) || !tokens[i].loop {
			return list
		}
		p++
	}
}

func (m *machine) step(places []place, r rune) []place {
	var out []place
	for _, p := range places {
		tokens, i := m.patterns[p>>16].tokens, int(p&0xffff)
		if i == len(tokens) || !tokens[i].takes(r) {
			continue
		}
		if tokens[i].loop {
			out = m.enter(out, p)
		} else {
			out = m.enter(out, p+1)
		}
	}
	return out
}

// judge tells which groups a text that ends here matches, whether it may be
// used at all, and whether no longer one can be. Places are in the order of
// their patterns.
func (m *machine) judge(places []place) (combination string, usable, dead bool) {
	var groups []byte
	reached, ended, last := 0, 0, -1 // of the patterns that must match
	usable = true
	for _, place := range places {
		i := int(place >> 16)
		p := &m.patterns[i]
		ends := int(place&0xffff) == len(p.tokens)
		if p.must && i != last {
			reached, last = reached+1, i
		}
		switch {
		case !ends:
		case p.must:
			ended++
		case p.forbid:
			usable = false
			end := len(p.tokens) - 1
			dead = dead || end >= 0 && p.tokens[end].loop && p.tokens[end].kind == tokenAny
		default:
			groups = binary.BigEndian.AppendUint16(groups, uint16(p.group))
		}
	}
	musts := 0
	for i := range m.patterns {
		if m.patterns[i].must {
			musts++
		}
	}
	return dedupeGroups(groups), usable && ended == musts, dead || reached < musts
}

// dedupeGroups makes a set of groups: patterns of one group come one after the
// other, so equal ones are neighbours.
func dedupeGroups(groups []byte) string {
	kept := groups[:0]
	for i := 0; i < len(groups); i += 2 {
		if n := len(kept); n == 0 || kept[n-2] != groups[i] || kept[n-1] != groups[i+1] {
			kept = append(kept, groups[i], groups[i+1])
		}
	}
	return string(kept)
}

// next are the characters that make a difference here: first one that no
// pattern waits for, then those that one does.
func (m *machine) next(places []place, fresh rune) []rune {
	out := []rune{fresh}
	for _, p := range places {
		tokens, i := m.patterns[p>>16].tokens, int(p&0xffff)
		if i == len(tokens) {
			continue
		}
		switch t := tokens[i]; t.kind {
		case tokenRune:
			out = append(out, t.r)
		case tokenFold:
			out = append(out, t.r)
			for r := unicode.SimpleFold(t.r); r != t.r; r = unicode.SimpleFold(r) {
				out = append(out, r)
			}
		case tokenNotSlash:
			out = append(out, '/')
		case tokenNotColon:
			out = append(out, ':')
		}
	}
	slices.Sort(out[1:])
	return slices.Compact(out)
}

// fresh is a character that no pattern names, a plain letter if there is one.
func (m *machine) fresh() rune {
	used := map[rune]bool{'/': true, ':': true}
	for i := range m.patterns {
		for _, t := range m.patterns[i].tokens {
			if t.kind == tokenRune || t.kind == tokenFold {
				used[lowest(t.r)] = true
			}
		}
	}
	for _, r := range "xzqwvkjyufgbhpmcdlnrtsoaie0123456789-_" {
		if !used[lowest(r)] {
			return r
		}
	}
	r := rune(0x4e00) // ideographs have no case
	for used[r] {
		r++
	}
	return r
}

func stateName(places []place) string {
	name := make([]byte, 0, 4*len(places))
	for _, p := range places {
		name = binary.BigEndian.AppendUint32(name, uint32(p))
	}
	return string(name)
}

// spell is the text that leads to a state.
func spell(states []walk, i int) string {
	var runes []rune
	for ; states[i].from >= 0; i = states[i].from {
		runes = append(runes, states[i].by)
	}
	for a, b := 0, len(runes)-1; a < b; a, b = a+1, b-1 {
		runes[a], runes[b] = runes[b], runes[a]
	}
	return string(runes)
}

// literals are the runs of constant text in a pattern.
func (p *pattern) literals() []string {
	texts := []string{p.text}
	if p.parts != nil {
		texts = nil
		for i := range p.parts {
			if p.parts[i].isVar {
				texts = append(texts, p.parts[i].fallback)
			} else {
				texts = append(texts, p.parts[i].literal)
			}
		}
	}
	var out []string
	for _, text := range texts {
		out = append(out, strings.FieldsFunc(strings.ToValidUTF8(text, "\x00"), func(r rune) bool { return r == 0 })...)
	}
	return out
}
