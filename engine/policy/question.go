package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Question asks about a whole set of requests at once: is there any that the
// policy lets through? The set is every combination of one of Principals, a
// resource that Resource describes and, for each of Keys, what its range holds.
// A key without a range is absent, or what SetPrincipal makes of it.
type Question struct {
	Action     string
	Resource   []Piece
	Principals []Principal // none: the anonymous caller alone
	Keys       []KeyRange
	// NotDenied asks for a request that no statement denies, instead of one that
	// is allowed: what counts where somebody else may allow (an authorizer, an
	// identity's own policy).
	NotDenied bool
	// Work bounds the search, in steps of roughly a microsecond; 0 is DefaultWork.
	Work int
}

// DefaultWork ends a search after about a second.
const DefaultWork = 1_000_000

// Verdict answers a Question.
type Verdict uint8

// The verdicts. Zero is Undecided, so forgetting to decide never proves anything.
const (
	Undecided Verdict = iota
	Never             // no request of the set gets through
	Possible          // Answer.Witness gets through
)

// String names the verdict.
func (v Verdict) String() string { return [...]string{"undecided", "never", "possible"}[v] }

// Answer is the verdict with its witness.
type Answer struct {
	Verdict Verdict
	Witness *Request // Possible: evaluated by Evaluate, not only by the search
	Chosen  []Chosen // the witness's values of the keys that have a range
	Why     string   // Undecided: what stood in the way
}

// Chosen is one key of a witness; no values means that the key is absent.
type Chosen struct {
	Key    string
	Values []string
}

// KeyRange is what one condition key may be in the requests of a Question.
type KeyRange struct {
	name string
	kind rangeKind

	lists    [][]string // rangeLists; an empty list is absence
	optional bool
	maximum  int      // rangeText: how many values at once
	without  []string // rangeText: no value is one of these
	parts    []string // rangeText: no value contains one of these, in any case
	from     int64    // rangeTime, seconds
}

type rangeKind uint8

const (
	rangeLists rangeKind = iota
	rangeText
	rangeAddress
	rangeTime
)

// OneOf is a key that has one of these lists of values; an empty list means
// that it is absent.
func OneOf(name string, lists ...[]string) KeyRange {
	return KeyRange{name: name, kind: rangeLists, lists: lists}
}

// AnyText is a key that whoever calls sets as they like, or leaves out: a
// header, sent up to maximum times.
func AnyText(name string, maximum int) KeyRange {
	return KeyRange{name: name, kind: rangeText, optional: true, maximum: max(maximum, 1)}
}

// Without takes values out of an AnyText range: none of the key's values is one
// of these.
func (r KeyRange) Without(values ...string) KeyRange {
	r.without = values
	return r
}

// WithoutParts takes out every text that contains one of these, in any case:
// what somebody who does not know them cannot send. Empty texts are ignored.
func (r KeyRange) WithoutParts(values ...string) KeyRange {
	r.parts = nil
	for _, v := range values {
		if v != "" {
			r.parts = append(r.parts, v)
		}
	}
	return r
}

// AnyAddress is aws:SourceIp or aws:VpcSourceIp with any address.
func AnyAddress(k Key) KeyRange { return KeyRange{name: k.String(), kind: rangeAddress} }

// AnyTime is aws:CurrentTime and aws:EpochTime from now on.
func AnyTime(now time.Time) KeyRange {
	return KeyRange{name: KeyCurrentTime.String(), kind: rangeTime, from: now.Unix()}
}

// Piece is a part of a Question's resource.
type Piece struct {
	kind pieceKind
	text string
}

type pieceKind uint8

const (
	pieceText pieceKind = iota
	pieceSegment
	pieceRest
	pieceSlashes
)

// Exactly is constant text. A resource begins with one that holds the five
// colons of an ARN.
func Exactly(text string) Piece { return Piece{pieceText, text} }

// Segment is one or more characters other than a slash.
func Segment() Piece { return Piece{kind: pieceSegment} }

// Rest is one or more characters of any kind.
func Rest() Piece { return Piece{kind: pieceRest} }

// Slashes is any number of slashes, none too.
func Slashes() Piece { return Piece{kind: pieceSlashes} }

// option is one thing a key's range may be: the values for the context.
type option struct {
	values []string // none: absent
	addr   netip.Addr
	now    int64
	// fails: the statements that do not apply with it. mayFail is the same
	// unless conditions were left open (see search.over).
	fails, mayFail bits
}

func (r *KeyRange) apply(o *option, ctx *Context) {
	k, _ := intern(r.name)
	switch {
	case r.kind == rangeTime:
		ctx.SetCurrentTime(time.Unix(o.now, 0))
	case r.kind == rangeAddress:
		ctx.setAddr(k, o.addr)
	case k == keyOther:
		ctx.SetOther(r.name, o.values...)
	case len(o.values) == 1 && k < keyTexts:
		ctx.Set(k, o.values[0])
	case len(o.values) == 1 && k >= KeySecureTransport && k <= KeyPrincipalIsAWSService:
		if b, ok := parseBool(o.values[0]); ok {
			ctx.SetBool(k, b)
			return
		}
		ctx.SetList(k, o.values)
	default:
		ctx.SetList(k, o.values)
	}
}

func (r *KeyRange) chosen(o *option) Chosen {
	switch r.kind {
	case rangeTime:
		return Chosen{r.name, []string{time.Unix(o.now, 0).UTC().Format(time.RFC3339)}}
	case rangeAddress:
		return Chosen{r.name, []string{o.addr.String()}}
	}
	return Chosen{r.name, o.values}
}

// covers tells whether the range is about this key.
func (r *KeyRange) covers(k Key, name string) bool {
	rk, rname := intern(r.name)
	if r.kind == rangeTime {
		return k == KeyCurrentTime || k == KeyEpochTime
	}
	if rk == keyOther {
		return k == keyOther && strings.EqualFold(rname, name)
	}
	return rk == k
}

// maxStatements is more than a document of DefaultMaxBytes can hold.
const maxStatements = 320

// bits is a set of statements.
type bits [maxStatements / 64]uint64

func (b *bits) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b *bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

func (b bits) or(c bits) bits {
	for i := range b {
		b[i] |= c[i]
	}
	return b
}

func (b bits) and(c bits) bits {
	for i := range b {
		b[i] &= c[i]
	}
	return b
}

// within: every member of b is in c.
func (b bits) within(c bits) bool { return b.and(c) == b }

// Literals are the constant texts, without wildcards and variables, that
// conditions compare a key's value with: what somebody must know who wants to
// meet them.
func (p *Policy) Literals(k Key) []string {
	var out []string
	for i := range p.statements {
		for j := range p.statements[i].conditions {
			c := &p.statements[i].conditions[j]
			if c.key != k {
				continue
			}
			for t := range c.texts {
				out = append(out, c.texts[t].literals()...)
			}
			out = append(out, c.blobs...)
			for _, n := range c.numbers {
				out = append(out, strconv.FormatFloat(n, 'g', -1, 64))
			}
		}
	}
	return out
}
