package server

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"
)

// writes is a connection that notes each write.
type writes struct {
	net.Conn
	each []string
	err  error
}

func (w *writes) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.each = append(w.each, string(p))
	return len(p), nil
}

func TestCorkGathersRecords(t *testing.T) {
	w := &writes{}
	k := &corkConn{Conn: w}
	write := func(s string) {
		t.Helper()
		if n, err := k.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	write("a")
	k.cork()
	write("b")
	write("c")
	if err := k.uncork(); err != nil {
		t.Fatal(err)
	}
	write("d")
	if got := strings.Join(w.each, "|"); got != "a|bc|d" {
		t.Errorf("writes %q", got)
	}
}

// TestCorkKeepsOrderAndBound: more than fits goes out before what follows it.
func TestCorkKeepsOrderAndBound(t *testing.T) {
	w := &writes{}
	k := &corkConn{Conn: w}
	k.cork()
	var want bytes.Buffer
	for i := range 10 {
		piece := bytes.Repeat([]byte{byte('a' + i)}, 20000)
		want.Write(piece)
		k.Write(piece)
		if k.n > maxCorked {
			t.Fatalf("%d bytes are held", k.n)
		}
	}
	big := bytes.Repeat([]byte("z"), maxCorked+1)
	want.Write(big)
	k.Write(big)
	k.uncork()
	if strings.Join(w.each, "") != want.String() {
		t.Error("the bytes are not in order")
	}
	if len(w.each) != 5 {
		t.Errorf("%d writes", len(w.each))
	}
}

func TestCorkTellsTheErrorOfWhatItHeld(t *testing.T) {
	w := &writes{err: errors.New("gone")}
	k := &corkConn{Conn: w}
	k.cork()
	if _, err := k.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := k.uncork(); !errors.Is(err, w.err) {
		t.Errorf("error %v", err)
	}
	if err := k.uncork(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}
