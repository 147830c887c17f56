package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"go.etcd.io/bbolt"

	"drawbridge/store"
)

// The layout of a bbolt file (bbolt v1.5.0, internal/common: page.go, meta.go,
// bucket.go). Numbers are in the byte order of the machine.
const (
	pageHead    = 16 // id uint64, flags uint16, count uint16, overflow uint32
	elementHead = 16 // leaf: flags, pos, ksize, vsize uint32; branch: pos, ksize uint32, id uint64
	bucketHead  = 16 // root page uint64, sequence uint64
	metaBytes   = 64 // magic, version, page size, flags uint32; root bucket; freelist, pages, txid, sum uint64

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	leafBucket   = 0x01

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = ^uint64(0)

	minPage, maxPage = 1 << 10, 1 << 24
	maxDepth         = 32 // of a tree: with two keys to a page that is 4 thousand million keys
	windowBytes      = 64 << 10
)

// verifyFile walks all pages that a bbolt file refers to and checks everything
// that bbolt takes on trust: that ids, kinds and sizes are right, that no page
// has two owners (a loop would make bbolt recurse until the process dies), that
// keys are in order. It reads page heads and keys, not values; those have their
// own checksums. About 50 ms for 100 MB.
func verifyFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open data file: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open data file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", store.ErrFormat)
	}
	return verify(f, info.Size())
}

func verify(f io.ReaderAt, size int64) error {
	m, err := newestMeta(f, size)
	if err != nil {
		return err
	}
	if int64(m.pages) < 0 || m.pages > uint64(size)/uint64(m.pageSize) {
		return damaged("the file is cut short: %d bytes, %d pages of %d expected", size, m.pages, m.pageSize)
	}
	w := &walker{f: f, meta: m, owned: make([]bool, m.pages), window: make([]byte, windowBytes)}
	w.owned[0], w.owned[1] = true, true
	if err := w.tree(m.root, 0, 0, bounds{}); err != nil {
		return err
	}
	return w.freelist()
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", store.ErrCorrupt, fmt.Sprintf(format, args...))
}

// boltMeta is what a meta page says.
type boltMeta struct {
	pageSize uint32
	root     uint64 // page of the root bucket
	freelist uint64
	pages    uint64 // the high-water mark
	txid     uint64
}

// newestMeta finds the two meta pages as bbolt does (db.go, getPageSize and
// meta) and returns the one that bbolt will go by: the later of those that are
// whole. A meta page that is whole and makes no sense is not passed over,
// because bbolt would not pass it over either.
func newestMeta(f io.ReaderAt, size int64) (boltMeta, error) {
	if size == 0 {
		return boltMeta{}, damaged("the file is empty")
	}
	first, err0 := readMeta(f, 0)
	if errors.Is(err0, store.ErrCorrupt) {
		return boltMeta{}, err0
	}
	if err0 == nil {
		second, err := readMeta(f, int64(first.pageSize))
		switch {
		case errors.Is(err, store.ErrCorrupt):
			return boltMeta{}, err
		case err == nil && second.pageSize != first.pageSize:
			return boltMeta{}, damaged("the meta pages speak of pages of %d and of %d bytes", first.pageSize, second.pageSize)
		case err == nil && second.txid > first.txid:
			return second, nil
		}
		return first, nil
	}
	for at := int64(minPage); at <= maxPage; at *= 2 {
		second, err := readMeta(f, at)
		switch {
		case errors.Is(err, store.ErrCorrupt):
			return boltMeta{}, err
		case err == nil && int64(second.pageSize) != at:
			return boltMeta{}, damaged("a meta page at %d speaks of pages of %d bytes", at, second.pageSize)
		case err == nil:
			return second, nil
		}
	}
	return boltMeta{}, fmt.Errorf("%w: neither meta page is whole: %w", store.ErrCorrupt, err0)
}

// readMeta returns the meta page at an offset. ErrCorrupt means that its
// checksum is right and its content is not; any other error, that bbolt will not
// take it for one.
func readMeta(f io.ReaderAt, at int64) (boltMeta, error) {
	var raw [pageHead + metaBytes]byte
	if _, err := f.ReadAt(raw[:], at); err != nil {
		return boltMeta{}, fmt.Errorf("meta page at %d: %w", at, err)
	}
	b := raw[pageHead:]
	order := binary.NativeEndian
	if order.Uint32(b) != boltMagic {
		return boltMeta{}, errors.New("not a bbolt file")
	}
	if v := order.Uint32(b[4:]); v != boltVersion {
		return boltMeta{}, fmt.Errorf("bbolt file of version %d", v)
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaBytes-8])
	if order.Uint64(b[56:]) != sum.Sum64() {
		return boltMeta{}, errors.New("meta page does not match its checksum")
	}
	m := boltMeta{
		pageSize: order.Uint32(b[8:]),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		txid:     order.Uint64(b[48:]),
	}
	if m.pageSize < minPage || m.pageSize > maxPage || m.pageSize&(m.pageSize-1) != 0 || m.pages < 2 {
		return boltMeta{}, damaged("meta page at %d: %d pages of %d bytes", at, m.pages, m.pageSize)
	}
	return m, nil
}

// walker goes through the pages of a file.
type walker struct {
	f      io.ReaderAt
	meta   boltMeta
	owned  []bool // pages that have been met
	window []byte // scratch of one page
}

// bounds are the keys between which all keys of a page must lie: low <= key <
// high; nil means no bound.
type bounds struct{ low, high []byte }

// pageView is a page, or the part of a leaf's value that an inline bucket is.
type pageView struct {
	name  string
	flags uint16
	count int
	size  int64  // bytes, overflow included
	at    int64  // offset in the file
	head  []byte // the first bytes of it
}

// element is a key of a page, and where it leads.
type element struct {
	flags   uint32
	key     []byte
	child   uint64 // branch
	valueAt int64  // leaf: offset in the file
	vsize   int64
}

// tree checks the page id and all below it. level counts branches, bucket counts
// buckets within buckets.
func (w *walker) tree(id uint64, level, bucket int, in bounds) error {
	if level > maxDepth || bucket > 1 { // our buckets lie in the root bucket and nowhere else
		return damaged("page %d: nested too deeply", id)
	}
	page, err := w.load(id)
	if err != nil {
		return err
	}
	switch page.flags {
	case flagLeaf:
		return w.leaf(page, bucket, in)
	case flagBranch:
		elements, err := w.elements(page, in)
		if err != nil {
			return err
		}
		if len(elements) == 0 {
			return damaged("%s: empty branch", page.name)
		}
		for i, e := range elements {
			below := bounds{low: e.key, high: in.high}
			if i+1 < len(elements) {
				below.high = elements[i+1].key
			}
			if err := w.tree(e.child, level+1, bucket, below); err != nil {
				return err
			}
		}
		return nil
	default:
		return damaged("%s: unexpected kind %#x", page.name, page.flags)
	}
}

// load reads a page's head and takes its pages into possession.
func (w *walker) load(id uint64) (pageView, error) {
	if id < 2 || id >= w.meta.pages {
		return pageView{}, damaged("page %d of %d is referred to", id, w.meta.pages)
	}
	page := pageView{name: fmt.Sprintf("page %d", id), at: int64(id) * int64(w.meta.pageSize)}
	head := w.window[:min(int64(w.meta.pageSize), windowBytes)]
	if err := w.read(head, page.at); err != nil {
		return pageView{}, err
	}
	order := binary.NativeEndian
	overflow := uint64(order.Uint32(head[12:]))
	if got := order.Uint64(head); got != id {
		return pageView{}, damaged("%s calls itself %d", page.name, got)
	}
	if overflow >= w.meta.pages-id {
		return pageView{}, damaged("%s: runs over the end", page.name)
	}
	for i := id; i <= id+overflow; i++ {
		if w.owned[i] {
			return pageView{}, damaged("page %d belongs to two owners", i)
		}
		w.owned[i] = true
	}
	page.flags, page.count = order.Uint16(head[8:]), int(order.Uint16(head[10:]))
	page.size = int64(overflow+1) * int64(w.meta.pageSize)
	page.head = head
	if overflow > 0 {
		page.head = w.window[:min(page.size, windowBytes)]
		if err := w.read(page.head, page.at); err != nil {
			return pageView{}, err
		}
	}
	return page, nil
}

func (w *walker) read(b []byte, at int64) error {
	if _, err := w.f.ReadAt(b, at); err != nil {
		return fmt.Errorf("read data file: %w", err)
	}
	return nil
}

// bytes returns n bytes of a page from an offset in it, which the caller has
// checked to be inside.
func (w *walker) bytes(p pageView, from, n int64) ([]byte, error) {
	if from+n <= int64(len(p.head)) {
		return p.head[from : from+n], nil
	}
	b := make([]byte, n)
	return b, w.read(b, p.at+from)
}

// elements reads the heads and keys of a page; the keys are copies.
func (w *walker) elements(p pageView, in bounds) ([]element, error) {
	table := int64(pageHead) + int64(p.count)*elementHead
	if table > p.size {
		return nil, damaged("%s: %d elements do not fit", p.name, p.count)
	}
	heads, err := w.bytes(p, pageHead, table-pageHead)
	if err != nil {
		return nil, err
	}
	elements := make([]element, p.count)
	last := in.low
	for i := range elements {
		e, err := w.element(p, i, heads[i*elementHead:])
		if err != nil {
			return nil, err
		}
		order := bytes.Compare(e.key, last)
		if order < 0 || (order == 0 && i > 0) || (in.high != nil && bytes.Compare(e.key, in.high) >= 0) {
			return nil, damaged("%s: key %d is out of order", p.name, i)
		}
		elements[i], last = e, e.key
	}
	return elements, nil
}

func (w *walker) element(p pageView, i int, head []byte) (element, error) {
	order := binary.NativeEndian
	var (
		e          element
		pos, ksize uint32
	)
	if p.flags == flagBranch {
		pos, ksize, e.child = order.Uint32(head), order.Uint32(head[4:]), order.Uint64(head[8:])
	} else {
		e.flags, pos, ksize = order.Uint32(head), order.Uint32(head[4:]), order.Uint32(head[8:])
		e.vsize = int64(order.Uint32(head[12:]))
	}
	start := int64(pageHead) + int64(i)*elementHead // pos counts from the element itself
	from := start + int64(pos)
	table := int64(pageHead) + int64(p.count)*elementHead
	if ksize > bbolt.MaxKeySize || from < table || from+int64(ksize)+e.vsize > p.size {
		return element{}, damaged("%s: element %d lies outside of it", p.name, i)
	}
	if e.flags&^leafBucket != 0 {
		return element{}, damaged("%s: element %d has flags %#x", p.name, i, e.flags)
	}
	key, err := w.bytes(p, from, int64(ksize))
	e.key, e.valueAt = bytes.Clone(key), p.at+from+int64(ksize)
	return e, err
}

// leaf checks a leaf and the buckets in it.
func (w *walker) leaf(p pageView, bucket int, in bounds) error {
	elements, err := w.elements(p, in)
	if err != nil {
		return err
	}
	for _, e := range elements {
		if e.flags&leafBucket == 0 {
			continue
		}
		if err := w.bucket(p, e, bucket+1); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks a bucket: its own tree, or, for a small one, the page that
// follows its head inside the value.
func (w *walker) bucket(p pageView, e element, depth int) error {
	name := fmt.Sprintf("%s, bucket %q", p.name, e.key)
	if e.vsize < bucketHead {
		return damaged("%s: too short", name)
	}
	var head [bucketHead]byte
	if err := w.read(head[:], e.valueAt); err != nil {
		return err
	}
	if root := binary.NativeEndian.Uint64(head[:]); root != 0 {
		return w.tree(root, 0, depth, bounds{})
	}
	size := e.vsize - bucketHead
	if size < pageHead || size > int64(w.meta.pageSize) || depth > 1 {
		return damaged("%s: inline page of %d bytes", name, size)
	}
	raw := make([]byte, size)
	if err := w.read(raw, e.valueAt+bucketHead); err != nil {
		return err
	}
	inline := pageView{name: name, size: size, at: e.valueAt + bucketHead, head: raw,
		flags: binary.NativeEndian.Uint16(raw[8:]), count: int(binary.NativeEndian.Uint16(raw[10:]))}
	if inline.flags != flagLeaf {
		return damaged("%s: unexpected kind %#x", name, inline.flags)
	}
	return w.leaf(inline, depth, bounds{})
}

// freelist checks the list of free pages where there is one. Our own commits
// write none; the first meta page of a new file names one, and so does a file
// that bbolt's tools have written to. A page on the list that is also in use
// would be written over.
func (w *walker) freelist() error {
	if w.meta.freelist == noFreelist {
		return nil
	}
	page, err := w.load(w.meta.freelist)
	if err != nil {
		return err
	}
	if page.flags != flagFreelist {
		return damaged("%s: unexpected kind %#x", page.name, page.flags)
	}
	from, count := int64(pageHead), uint64(page.count)
	if count == 0xFFFF { // the count did not fit and stands first (bbolt, page.go, FreelistPageCount)
		raw, err := w.bytes(page, from, 8)
		if err != nil {
			return err
		}
		from, count = from+8, binary.NativeEndian.Uint64(raw)
	}
	if count > uint64(page.size-from)/8 {
		return damaged("%s: %d free pages do not fit", page.name, count)
	}
	ids, err := w.bytes(page, from, int64(count)*8)
	if err != nil {
		return err
	}
	for ; len(ids) > 0; ids = ids[8:] {
		id := binary.NativeEndian.Uint64(ids)
		if id < 2 || id >= w.meta.pages || w.owned[id] {
			return damaged("%s: page %d of %d is not free", page.name, id, w.meta.pages)
		}
		w.owned[id] = true
	}
	return nil
}
