package lambda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drawbridge/engine/sigv4"
)

// message encodes an event stream message.
func message(payload string, headers ...string) []byte {
	var h []byte
	for i := 0; i < len(headers); i += 2 {
		h = append(h, byte(len(headers[i])))
		h = append(h, headers[i]...)
		h = append(h, 7)
		h = binary.BigEndian.AppendUint16(h, uint16(len(headers[i+1])))
		h = append(h, headers[i+1]...)
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(h)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(h)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, h...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func chunk(text string) []byte {
	return message(text, ":message-type", "event", ":event-type", "PayloadChunk")
}

func complete(text string) []byte {
	return message(text, ":message-type", "event", ":event-type", "InvokeComplete")
}

// cloud is an endpoint that verifies signatures.
func cloud(t *testing.T, credential sigv4.Credential) http.HandlerFunc {
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sum := sha256.Sum256(body)
		request := sigv4.Request{Method: r.Method, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host, Header: sigv4.MapHeader(r.Header)}
		presented, err := sigv4.Parse(request)
		if err == nil {
			err = keys.Verify(sigv4.VerifyInput{
				Request: request, Presented: presented, BodyHash: hex.EncodeToString(sum[:]), Credential: credential,
				ExpectRegion: "eu-west-1", ExpectService: "lambda", Now: time.Now(), DoubleEncodePath: true,
			})
		}
		if err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
		out.Header().Set("X-Amzn-RequestId", "the-id")
		switch r.URL.EscapedPath() + "?" + r.URL.RawQuery {
		case "/2015-03-31/functions/ok/invocations?":
			out.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte("START\nsaid this\n")))
			_, _ = out.Write(append([]byte(r.Header.Get("X-Amz-Invocation-Type")+" "), body...))
		case "/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:ok/invocations?Qualifier=live":
			_, _ = io.WriteString(out, "qualified")
		case "/2015-03-31/functions/throws/invocations?":
			out.Header().Set("X-Amz-Function-Error", "Unhandled")
			_, _ = io.WriteString(out, `{"errorMessage":"no"}`)
		case "/2015-03-31/functions/later/invocations?":
			out.WriteHeader(202)
		case "/2021-11-15/functions/ok/response-streaming-invocations?":
			_, _ = out.Write(bytes.Join([][]byte{chunk("one "), chunk("two"), complete(`{}`)}, nil))
		case "/2015-03-31/functions/busy/invocations?":
			out.Header().Set("X-Amzn-ErrorType", "TooManyRequestsException")
			out.WriteHeader(429)
		case "/2015-03-31/functions/closed/invocations?":
			out.WriteHeader(403)
		case "/2015-03-31/functions/down/invocations?":
			out.WriteHeader(503)
		default:
			out.WriteHeader(404)
			_, _ = io.WriteString(out, `{"Message":"Function not found"}`)
		}
	}
}

func TestEndpoint(t *testing.T) {
	credential := sigv4.Credential{AccessKeyID: "AKIDEXAMPLE", SecretKey: "hush", SessionToken: "token"}
	server := httptest.NewServer(cloud(t, credential))
	defer server.Close()
	log := &lines{}
	i, err := New(Options{
		Endpoint: &Endpoint{URL: server.URL + "/", Credential: credential}, Region: "eu-west-1", Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	for _, c := range []struct {
		in      Invocation
		payload string
		failure string
		kind    Kind
	}{
		{in: Invocation{Function: "ok", Payload: []byte("{}")}, payload: "RequestResponse {}"},
		{in: Invocation{Function: "arn:aws:lambda:eu-west-1:123456789012:function:ok:live"}, payload: "qualified"},
		{in: Invocation{Function: "throws"}, payload: `{"errorMessage":"no"}`, failure: "Unhandled"},
		{in: Invocation{Function: "later", Type: Event}},
		{in: Invocation{Function: "busy"}, kind: Throttled},
		{in: Invocation{Function: "closed"}, kind: Denied},
		{in: Invocation{Function: "down"}, kind: Unreachable},
		{in: Invocation{Function: "missing"}, kind: NotFound},
		{in: Invocation{Function: "not a name"}, kind: NotFound},
	} {
		answer, err := i.Invoke(t.Context(), c.in)
		if c.kind != 0 {
			if !isKind(err, c.kind) {
				t.Errorf("%s: %v", c.in.Function, err)
			}
			continue
		}
		if err != nil || string(answer.Payload) != c.payload || answer.FunctionError != c.failure || answer.RequestID != "the-id" {
			t.Errorf("%s: %+v %v", c.in.Function, answer, err)
		}
	}
	if !strings.Contains(log.String(), `request_id=the-id line="said this"`) {
		t.Errorf("log %s", log)
	}
	answer, err := i.Invoke(t.Context(), Invocation{Function: "ok", Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(answer.Stream); string(text) != "one two" || err != nil {
		t.Errorf("stream %q %v", text, err)
	}
	_ = answer.Stream.Close()
}

func TestEventStream(t *testing.T) {
	damaged := chunk("one")
	damaged[len(damaged)-6] ^= 1
	for name, c := range map[string]struct {
		in   []byte
		text string
		err  error
	}{
		"whole":      {bytes.Join([][]byte{chunk("a"), chunk(""), chunk("b"), complete("{}")}, nil), "ab", nil},
		"no end":     {chunk("a"), "a", io.ErrUnexpectedEOF},
		"cut":        {chunk("a")[:15], "", io.ErrUnexpectedEOF},
		"damaged":    {damaged, "", errMessage},
		"failed":     {append(chunk("a"), complete(`{"ErrorCode":"Unhandled"}`)...), "a", errStream},
		"other kind": {append(message("x", ":event-type", "Other"), complete("")...), "", nil},
	} {
		text, err := io.ReadAll(newEventReader(io.NopCloser(bytes.NewReader(c.in))))
		if string(text) != c.text || !errors.Is(err, c.err) {
			t.Errorf("%s: %q %v", name, text, err)
		}
	}
	exception := message("{}", ":message-type", "exception", ":exception-type", "ServiceException")
	if _, err := io.ReadAll(newEventReader(io.NopCloser(bytes.NewReader(exception)))); err == nil || !strings.Contains(err.Error(), "ServiceException") {
		t.Errorf("exception: %v", err)
	}
}

func FuzzEventStream(f *testing.F) {
	f.Add(chunk("a"))
	f.Add(append(chunk("one"), complete("{}")...))
	f.Add([]byte{0, 0, 0, 16, 0, 0, 0, 0, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, in []byte) {
		text, _ := io.ReadAll(newEventReader(io.NopCloser(bytes.NewReader(in))))
		if len(text) > len(in) {
			t.Errorf("%d bytes out of %d", len(text), len(in))
		}
	})
}

func FuzzEventStreamHeaders(f *testing.F) {
	f.Add([]byte("\x01a\x07\x00\x01b"))
	f.Add([]byte("\x01a\x00\x01b\x09"))
	f.Fuzz(func(t *testing.T, in []byte) {
		headers, err := readHeaders(in)
		size := 0
		for name, value := range headers {
			size += len(name) + len(value)
		}
		if err == nil && size > len(in) {
			t.Errorf("%d bytes out of %d", size, len(in))
		}
	})
}

func TestNames(t *testing.T) {
	for text, want := range map[string]Name{
		"f":                       {Function: "f"},
		"f:live":                  {Function: "f", Qualifier: "live"},
		"f:$LATEST":               {Function: "f", Qualifier: "$LATEST"},
		"123456789012:function:f": {Account: "123456789012", Function: "f"},
		"arn:aws:lambda:eu-west-1:123456789012:function:f":   {"eu-west-1", "123456789012", "f", ""},
		"arn:aws:lambda:eu-west-1:123456789012:function:f:7": {"eu-west-1", "123456789012", "f", "7"},
	} {
		if got, err := ParseName(text); got != want || err != nil {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for _, text := range []string{"", ":", "a b", "f:", "f:a:b", "../f", "arn:aws:lambda:eu-west-1:1:layer:f", "arn:aws:lambda:eu-west-1:1:function:"} {
		if got, err := ParseName(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("arn:aws:lambda:eu-west-1:123456789012:function:f:7")
	f.Add("f:live")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseName(text)
		if err != nil {
			return
		}
		if again, err := ParseName(n.String()); err != nil || again.Function != n.Function || again.Qualifier != n.Qualifier {
			t.Errorf("%q: %+v, then %+v %v", text, n, again, err)
		}
	})
}
