package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// http2Conn is a viewer's side of HTTP/2, small and one stream at a time. It
// exists because Go's client hides the order of header fields.
type http2Conn struct {
	framer  *http2.Framer
	encoded bytes.Buffer
	encoder *hpack.Encoder
	stream  uint32
}

const viewerWindow = 1 << 30

func newHTTP2(c *viewerConn) (*http2Conn, error) {
	if _, err := c.Write([]byte(http2.ClientPreface)); err != nil {
		return nil, err
	}
	h := &http2Conn{framer: http2.NewFramer(c.Conn, c.in), stream: 1}
	h.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	h.encoder = hpack.NewEncoder(&h.encoded)
	return h, errors.Join(
		h.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: viewerWindow}),
		h.framer.WriteWindowUpdate(0, viewerWindow))
}

func (h *http2Conn) exchange(r *viewerRequest) (*response, error) {
	stream := h.stream
	h.stream += 2
	h.encoded.Reset()
	fields := []field{{":method", r.method}, {":scheme", r.scheme}, {":authority", r.authority}, {":path", r.target}}
	if r.data != "" {
		fields = append(fields, field{"content-length", strconv.Itoa(len(r.data))})
	}
	for _, f := range append(fields, withUsual(r)...) {
		if err := h.encoder.WriteField(hpack.HeaderField{Name: strings.ToLower(f.name), Value: f.value}); err != nil {
			return nil, err
		}
	}
	err := h.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: h.encoded.Bytes(), EndHeaders: true, EndStream: r.data == ""})
	if err == nil && r.data != "" {
		err = h.framer.WriteData(stream, true, []byte(r.data))
	}
	if err != nil {
		return nil, err
	}
	return h.read(stream)
}

// read reads frames until the stream's answer is whole.
func (h *http2Conn) read(stream uint32) (*response, error) {
	out := &response{version: "HTTP/2"}
	for {
		frame, err := h.framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		ended := false
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = h.framer.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				err = h.framer.WritePing(true, f.Data)
			}
		case *http2.GoAwayFrame:
			if f.ErrCode != http2.ErrCodeNo || f.LastStreamID < stream {
				err = fmt.Errorf("GOAWAY %s", f.ErrCode)
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				err = fmt.Errorf("RST_STREAM %s", f.ErrCode)
			}
		case *http2.MetaHeadersFrame:
			for _, hf := range f.Fields {
				if hf.Name == ":status" {
					out.status, err = strconv.Atoi(hf.Value)
					continue
				}
				out.fields = append(out.fields, field{hf.Name, hf.Value})
			}
			if out.status < 200 {
				out.fields = nil
			}
			ended = f.StreamEnded()
		case *http2.DataFrame:
			out.body = append(out.body, f.Data()...)
			ended = f.StreamEnded()
		}
		if err != nil || ended {
			return out, err
		}
	}
}
