package jsfunc

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// decodeText makes bytes of a string in an encoding of Buffer; ok is false for
// an encoding that does not exist. Like Node's, it takes what it can.
func decodeText(text, encoding string) (data []byte, ok bool) {
	switch strings.ToLower(encoding) {
	case "utf8", "utf-8":
		return []byte(text), true
	case "hex":
		digits := len(text)
		for i := range len(text) {
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(text[i])) {
				digits = i
				break
			}
		}
		data, _ = hex.DecodeString(text[:digits&^1])
		return data, true
	case "base64", "base64url":
		kept := strings.Map(func(r rune) rune {
			switch {
			case r == '-':
				return '+'
			case r == '_':
				return '/'
			case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '+', r == '/':
				return r
			}
			return -1
		}, text)
		if len(kept)%4 == 1 {
			kept = kept[:len(kept)-1]
		}
		data, _ = base64.RawStdEncoding.DecodeString(kept)
		return data, true
	case "latin1", "binary", "ascii":
		for _, r := range text {
			data = append(data, byte(r))
		}
		return data, true
	}
	return nil, false
}

func encodeText(data []byte, encoding string) (text string, ok bool) {
	switch strings.ToLower(encoding) {
	case "utf8", "utf-8":
		return strings.ToValidUTF8(string(data), "\uFFFD"), true
	case "hex":
		return hex.EncodeToString(data), true
	case "base64":
		return base64.StdEncoding.EncodeToString(data), true
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(data), true
	case "latin1", "binary":
		return byteString(data), true
	case "ascii":
		low := make([]byte, len(data))
		for i, b := range data {
			low[i] = b & 0x7f
		}
		return string(low), true
	}
	return "", false
}

// byteString has one character for each byte.
func byteString(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// bytesOf gives the bytes of a string (UTF-8), a buffer or a typed array.
func (c *call) bytesOf(value goja.Value) []byte {
	if object, ok := value.(*goja.Object); ok {
		switch data := object.Export().(type) {
		case []byte:
			return data
		case goja.ArrayBuffer:
			return data.Bytes()
		}
		panic(c.vm.NewTypeError("data is not a string or Buffer-like object"))
	}
	return []byte(c.text(value).String())
}

// arrayBuffer makes an ArrayBuffer of bytes.
func (c *call) arrayBuffer(data []byte) goja.Value {
	if len(data) > maxString {
		c.tooLarge("a buffer")
	}
	return c.vm.ToValue(c.vm.NewArrayBuffer(data))
}

// adopt makes a typed array over a buffer.
func (c *call) adopt(constructor, buffer goja.Value) goja.Value {
	construct, ok := goja.AssertConstructor(constructor)
	if !ok {
		panic(c.vm.NewTypeError("not a constructor"))
	}
	made, err := construct(nil, buffer)
	c.must(err)
	return made
}

// bytesObject is what prelude/buffer.js has of Go.
func (c *call) bytesObject() *goja.Object {
	object := c.vm.NewObject()
	c.method(object, "decode", func(call goja.FunctionCall) goja.Value {
		data, ok := decodeText(c.text(call.Argument(0)).String(), call.Argument(1).String())
		if !ok {
			panic(c.vm.NewTypeError("Unknown encoding: " + shorten(call.Argument(1).String())))
		}
		return c.arrayBuffer(data)
	})
	c.method(object, "encode", func(call goja.FunctionCall) goja.Value {
		text, ok := encodeText(c.bytesOf(call.Argument(0)), call.Argument(1).String())
		if !ok {
			panic(c.vm.NewTypeError("Unknown encoding: " + shorten(call.Argument(1).String())))
		}
		return c.vm.ToValue(text)
	})
	c.method(object, "isEncoding", func(call goja.FunctionCall) goja.Value {
		_, ok := decodeText("", call.Argument(0).String())
		return c.vm.ToValue(ok)
	})
	c.method(object, "adopt", func(call goja.FunctionCall) goja.Value { return c.adopt(call.Argument(0), call.Argument(1)) })
	return object
}

// bufferClass is the class Buffer.
func (c *call) bufferClass() goja.Value { return c.require("buffer").ToObject(c.vm).Get("Buffer") }

// installModern sets what only runtime 2.0 has.
func (c *call) installModern() {
	global := c.vm.GlobalObject()
	c.method(global, "btoa", func(call goja.FunctionCall) goja.Value {
		text := c.text(call.Argument(0)).String()
		data, _ := decodeText(text, "latin1")
		if strings.ContainsFunc(text, func(r rune) bool { return r > 0xff }) {
			panic(c.vm.NewTypeError("invalid character (>= U+00FF)"))
		}
		return c.vm.ToValue(base64.StdEncoding.EncodeToString(data))
	})
	c.method(global, "atob", func(call goja.FunctionCall) goja.Value {
		text := strings.TrimRight(strings.Join(strings.Fields(c.text(call.Argument(0)).String()), ""), "=")
		data, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			panic(c.vm.NewTypeError("the string to be decoded is not correctly encoded"))
		}
		return c.vm.ToValue(byteString(data))
	})
	// Most functions use no Buffer: it is made when it is asked for.
	c.must(global.DefineAccessorProperty("Buffer", c.vm.ToValue(func(goja.FunctionCall) goja.Value { return c.bufferClass() }),
		nil, goja.FLAG_TRUE, goja.FLAG_FALSE))
	c.must(global.Set("TextEncoder", func(call goja.ConstructorCall) *goja.Object {
		c.method(call.This, "encode", func(inner goja.FunctionCall) goja.Value {
			text := ""
			if !goja.IsUndefined(inner.Argument(0)) {
				text = c.text(inner.Argument(0)).String()
			}
			return c.adopt(c.vm.Get("Uint8Array"), c.arrayBuffer([]byte(text)))
		})
		return nil
	}))
	c.must(global.Set("TextDecoder", func(call goja.ConstructorCall) *goja.Object {
		c.method(call.This, "decode", func(inner goja.FunctionCall) goja.Value {
			if goja.IsUndefined(inner.Argument(0)) {
				return c.vm.ToValue("")
			}
			return c.vm.ToValue(strings.ToValidUTF8(string(c.bytesOf(inner.Argument(0))), "\uFFFD"))
		})
		return nil
	}))
}

// installBytes sets the byte strings of runtime 1.0: strings whose characters
// are bytes.
func (c *call) installBytes() {
	proto := c.prototype("String")
	part := func(call goja.FunctionCall) []byte {
		data, _ := decodeText(c.text(call.This).String(), "latin1")
		return slicePart(data, call)
	}
	c.method(proto, "fromBytes", func(call goja.FunctionCall) goja.Value { return c.vm.ToValue(byteString(part(call))) })
	c.method(proto, "fromUTF8", func(call goja.FunctionCall) goja.Value {
		data := part(call)
		if !utf8.Valid(data) {
			return goja.Null()
		}
		return c.vm.ToValue(string(data))
	})
	c.method(proto, "toBytes", func(call goja.FunctionCall) goja.Value {
		if strings.ContainsFunc(c.text(call.This).String(), func(r rune) bool { return r > 0xff }) {
			return goja.Null()
		}
		return c.vm.ToValue(byteString(part(call)))
	})
	c.method(proto, "toUTF8", func(call goja.FunctionCall) goja.Value {
		return c.vm.ToValue(byteString(slicePart([]byte(c.text(call.This).String()), call)))
	})
	c.method(c.vm.Get("String").ToObject(c.vm), "bytesFrom", func(call goja.FunctionCall) goja.Value {
		if isArray(call.Argument(0)) {
			c.elements(call.Argument(0))
			object := call.Argument(0).ToObject(c.vm)
			var data []byte
			for i := range c.lengthOf(object) {
				if item := object.Get(indexName(i)); item != nil {
					data = append(data, byte(item.ToInteger()))
				}
			}
			return c.vm.ToValue(byteString(data))
		}
		data, ok := decodeText(c.text(call.Argument(0)).String(), call.Argument(1).String())
		if !ok {
			panic(c.vm.NewTypeError("Unknown encoding: " + shorten(call.Argument(1).String())))
		}
		return c.vm.ToValue(byteString(data))
	})
}

// slicePart cuts as String.prototype.slice does, by the first two arguments.
func slicePart(data []byte, call goja.FunctionCall) []byte {
	place := func(value goja.Value, otherwise int) int {
		if goja.IsUndefined(value) {
			return otherwise
		}
		at := value.ToInteger()
		if at < 0 {
			at += int64(len(data))
		}
		return int(min(max(at, 0), int64(len(data))))
	}
	from, to := place(call.Argument(0), 0), place(call.Argument(1), len(data))
	return data[from:max(from, to)]
}

// cryptoModule is crypto: createHash and createHmac (reference/cloudfront.md 5.2).
func (c *call) cryptoModule(exports *goja.Object) {
	algorithm := func(value goja.Value) func() hash.Hash {
		switch value.String() {
		case "md5":
			return md5.New
		case "sha1":
			return sha1.New
		case "sha256":
			return sha256.New
		}
		panic(c.vm.NewTypeError(`not supported algorithm: "` + shorten(value.String()) + `"`))
	}
	c.method(exports, "createHash", func(call goja.FunctionCall) goja.Value {
		return c.digester(algorithm(call.Argument(0))())
	})
	c.method(exports, "createHmac", func(call goja.FunctionCall) goja.Value {
		made := algorithm(call.Argument(0))
		return c.digester(hmac.New(made, c.bytesOf(call.Argument(1))))
	})
}

func (c *call) digester(h hash.Hash) *goja.Object {
	object := c.vm.NewObject()
	done := false
	use := func() {
		c.check()
		if done {
			panic(c.vm.NewTypeError("Digest already called"))
		}
	}
	c.method(object, "update", func(call goja.FunctionCall) goja.Value {
		use()
		data := c.bytesOf(call.Argument(0))
		if encoding := call.Argument(1); !goja.IsUndefined(encoding) {
			if _, isText := call.Argument(0).(goja.String); isText {
				data, _ = decodeText(call.Argument(0).String(), encoding.String())
			}
		}
		_, _ = h.Write(data) // documented never to fail
		return object
	})
	c.method(object, "digest", func(call goja.FunctionCall) goja.Value {
		use()
		done = true
		sum := h.Sum(nil)
		if goja.IsUndefined(call.Argument(0)) {
			if c.function.modern {
				return c.adopt(c.bufferClass(), c.arrayBuffer(sum))
			}
			return c.vm.ToValue(byteString(sum))
		}
		text, ok := encodeText(sum, call.Argument(0).String())
		if !ok {
			panic(c.vm.NewTypeError("Unknown digest encoding: " + shorten(call.Argument(0).String())))
		}
		return c.vm.ToValue(text)
	})
	return object
}
