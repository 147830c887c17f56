package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// blockPeer decodes what a blockEncoder writes with x/net's decoder.
type blockPeer struct {
	decoder *hpack.Decoder
	got     []string
}

func newBlockPeer(tableSize uint32) *blockPeer {
	p := &blockPeer{}
	p.decoder = hpack.NewDecoder(tableSize, func(f hpack.HeaderField) { p.got = append(p.got, f.Name+": "+f.Value) })
	return p
}

// read decodes one block.
func (p *blockPeer) read(t *testing.T, block []byte) string {
	t.Helper()
	p.got = nil
	if _, err := p.decoder.Write(block); err != nil {
		t.Fatalf("the block is not to be decoded: %v", err)
	}
	if err := p.decoder.Close(); err != nil {
		t.Fatalf("the block ends too early: %v", err)
	}
	return strings.Join(p.got, "\n")
}

func TestBlockOfAnAnswerThatComesAgain(t *testing.T) {
	e, peer := newBlockEncoder(), newBlockPeer(blockTableSize)
	var sizes []int
	for i := range 3 {
		e.begin()
		e.status(200)
		id := fmt.Sprintf("id-%d", i)
		for _, f := range [][2]string{{"Content-Type", "text/html"}, {"X-Cache", "Hit from cloudfront"}, {"X-Amz-Cf-Id", id}, {"Age", "7"}} {
			if !e.field(f[0], f[1]) {
				t.Fatalf("%s was not written", f[0])
			}
		}
		want := ":status: 200\ncontent-type: text/html\nx-cache: Hit from cloudfront\nx-amz-cf-id: " + id + "\nage: 7"
		if got := peer.read(t, e.block); got != want {
			t.Errorf("block %d:\n%s\nwant\n%s", i, got, want)
		}
		sizes = append(sizes, len(e.block))
	}
	if sizes[1] > 16 || sizes[2] != sizes[1] {
		t.Errorf("blocks of %v bytes; the second should need only what is new", sizes)
	}
	if len(e.table) != 3 { // content-type, x-cache, the name of x-amz-cf-id
		t.Errorf("%d entries in the table: %+v", len(e.table), e.table)
	}
}

func TestBlockRefusesWhatIsNoField(t *testing.T) {
	e := newBlockEncoder()
	e.begin()
	for _, f := range [][2]string{{"", "x"}, {"a b", "x"}, {"a", "x\r\ny"}, {":path", "/"}, {"ä", "x"}} {
		if e.field(f[0], f[1]) || len(e.block) > 0 {
			t.Errorf("%q: %q was written", f[0], f[1])
		}
	}
}

// FuzzBlockEncoder lets the encoder write random answers and x/net's decoder
// read them, with the table's limit changing in between.
func FuzzBlockEncoder(f *testing.F) {
	f.Add(uint64(1), "Content-Type", "text/html", uint32(4096))
	f.Add(uint64(2), "Set-Cookie", strings.Repeat("x", 2000), uint32(0))
	f.Add(uint64(3), "X-Cache", "", uint32(100))
	f.Fuzz(func(t *testing.T, seed uint64, name, value string, limit uint32) {
		random := rand.New(rand.NewPCG(seed, 0))
		e, peer := newBlockEncoder(), newBlockPeer(blockTableSize)
		names := []string{"Content-Type", "ETag", "X-Cache", "Via", "Set-Cookie", "x-a", "X-A", name}
		for range 20 {
			if random.IntN(4) == 0 {
				limit = limit*31 + uint32(random.IntN(5000))
				e.setLimit(limit % 6000)
				peer.decoder.SetAllowedMaxDynamicTableSize(blockTableSize)
			}
			status := 100 + random.IntN(900)
			e.begin()
			e.status(status)
			want := fmt.Sprintf(":status: %d", status)
			for range random.IntN(8) {
				n, v := names[random.IntN(len(names))], value
				if random.IntN(2) == 0 {
					v = strings.Repeat("v", random.IntN(300))
				}
				if written := e.field(n, v); written != (isToken(n) && isFieldValue(v)) {
					t.Fatalf("%q: %q written: %t", n, v, written)
				} else if written {
					want += "\n" + strings.ToLower(n) + ": " + v
				}
			}
			if got := peer.read(t, e.block); got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			if e.size > blockTableSize {
				t.Fatalf("the table has %d bytes", e.size)
			}
		}
	})
}
