package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// http1Load keeps HTTP/1.1 connections busy with one request at a time each.
// It runs on epoll by itself: a goroutine for each connection would make the
// generator slower than some servers, and a server that waits for its load is
// measured at another batch size than one that is saturated.
type http1Load struct {
	epoll   int
	request []byte
	target  target
	conns   map[int32]*http1Conn // by file descriptor
	events  []unix.EpollEvent
	started bool
}

// http1Conn is a connection with the answer that is arriving.
type http1Conn struct {
	fd int
	in []byte
	n  int // bytes of in that are filled
}

func startHTTP1(_ context.Context, t target, r row) (load, error) {
	addr, err := netip.ParseAddrPort(t.addr)
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	l := &http1Load{
		epoll: epoll, target: t, conns: make(map[int32]*http1Conn, r.conns),
		request: http1Request(t), events: make([]unix.EpollEvent, r.conns),
	}
	for range r.conns {
		if err := l.connect(addr); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func http1Request(t target) []byte {
	head := "GET " + t.requestPath() + " HTTP/1.1\r\nHost: " + t.host + "\r\nUser-Agent: " + userAgent + "\r\nAccept: */*\r\n"
	for _, f := range t.send {
		head += f.Name + ": " + f.Value + "\r\n"
	}
	return []byte(head + "\r\n")
}

// connect opens one connection to addr, an IPv4 address.
func (l *http1Load) connect(addr netip.AddrPort) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	l.conns[int32(fd)] = &http1Conn{fd: fd, in: make([]byte, maxHead+2*len(l.target.body))}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
		return fmt.Errorf("connect to %s: %w", addr, err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("set TCP_NODELAY: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("set O_NONBLOCK: %w", err)
	}
	err = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	if err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// drive implements load. The first call sends the first requests; between
// calls the answers under way wait in the sockets.
func (l *http1Load) drive(ctx context.Context, d time.Duration) (uint64, error) {
	if !l.started {
		l.started = true
		for _, c := range l.conns {
			if err := l.send(c); err != nil {
				return 0, err
			}
		}
	}
	begin := time.Now()
	last, answers := begin, uint64(0)
	for now := begin; now.Sub(begin) < d; now = time.Now() {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := unix.EpollWait(l.epoll, l.events, 100)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return 0, fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range max(n, 0) {
			done, err := l.receive(l.conns[l.events[i].Fd])
			if err != nil {
				return 0, err
			}
			answers += uint64(done)
		}
		if n > 0 {
			last = now
		} else if now.Sub(last) > stallTimeout {
			return 0, fmt.Errorf("no answer for %s", stallTimeout)
		}
	}
	return answers, nil
}

// receive reads what has arrived and answers a complete answer with the next
// request.
func (l *http1Load) receive(c *http1Conn) (int, error) {
	n, err := unix.Read(c.fd, c.in[c.n:])
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read: %w", err)
	case n == 0:
		return 0, fmt.Errorf("wrong answer: the server closed a connection after %d bytes of an answer", c.n)
	}
	c.n += n
	end, err := takeAnswer(c.in[:c.n], l.target.body)
	if err != nil || end == 0 {
		return 0, err
	}
	if end != c.n {
		return 0, fmt.Errorf("wrong answer: %d bytes behind its end", c.n-end)
	}
	if l.target.see != nil {
		l.target.see(splitHead(c.in[:end]))
	}
	c.n = 0
	return 1, l.send(c)
}

// send writes the request. The socket's buffer is empty, because the last
// request has been answered, so the write is never short.
func (l *http1Load) send(c *http1Conn) error {
	for {
		n, err := unix.Write(c.fd, l.request)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if n != len(l.request) {
			return fmt.Errorf("write: %d of %d bytes", n, len(l.request))
		}
		return nil
	}
}

func (l *http1Load) close() {
	for _, c := range l.conns {
		_ = unix.Close(c.fd)
	}
	_ = unix.Close(l.epoll)
}
