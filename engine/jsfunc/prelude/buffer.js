// The module buffer (AWS: "JavaScript runtime features", Buffer): what of it
// does not need the engine; native.decode and native.encode are Go's.
(function (exports, native) {
  'use strict';
  class Buffer extends Uint8Array {
    static from(value, encoding, length) {
      if (typeof value === 'string') return native.adopt(Buffer, native.decode(value, encoding || 'utf8'));
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
      if (value instanceof Uint8Array || Array.isArray(value)) return new Buffer(value);
      if (value && value.type === 'Buffer' && Array.isArray(value.data)) return new Buffer(value.data);
      throw new TypeError('first argument is not a string or Buffer-like object');
    }
    static alloc(size, fill, encoding) {
      const made = new Buffer(size);
      return fill === undefined ? made : made.fill(fill, 0, size, encoding);
    }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static isEncoding(name) { return native.isEncoding(String(name)); }
    static byteLength(value, encoding) {
      return typeof value === 'string' ? native.decode(value, encoding || 'utf8').byteLength : value.byteLength;
    }
    static compare(a, b) {
      for (let i = 0; i < a.length && i < b.length; i++) {
        if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
      }
      return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
    }
    static concat(list, total) {
      if (total === undefined) {
        total = 0;
        for (let i = 0; i < list.length; i++) total += list[i].length;
      }
      const made = new Buffer(total);
      let at = 0;
      for (let i = 0; i < list.length && at < total; i++) {
        const part = list[i].subarray(0, total - at);
        made.set(part, at);
        at += part.length;
      }
      return made;
    }
    toString(encoding, start, end) { return native.encode(this.subarray(start || 0, end), encoding || 'utf8'); }
    toJSON() {
      const data = [];
      for (let i = 0; i < this.length; i++) data.push(this[i]);
      return { type: 'Buffer', data: data };
    }
    equals(other) { return Buffer.compare(this, other) === 0; }
    compare(other) { return Buffer.compare(this, other); }
    subarray(start, end) {
      const place = (at, otherwise) => {
        at = at === undefined ? otherwise : Math.trunc(at) || 0;
        return Math.min(Math.max(at < 0 ? at + this.length : at, 0), this.length);
      };
      const from = place(start, 0), to = place(end, this.length);
      return new Buffer(this.buffer, this.byteOffset + from, Math.max(0, to - from));
    }
    slice(start, end) { return this.subarray(start, end); }
    copy(target, at, start, end) {
      const part = this.subarray(start || 0, end).subarray(0, target.length - (at || 0));
      target.set(part, at || 0);
      return part.length;
    }
    fill(value, start, end, encoding) {
      if (typeof value !== 'string') return super.fill(value, start, end);
      const bytes = native.adopt(Buffer, native.decode(value, encoding || 'utf8'));
      end = end === undefined ? this.length : end;
      for (let i = start || 0; i < end && bytes.length > 0; i++) this[i] = bytes[(i - (start || 0)) % bytes.length];
      return this;
    }
    write(text, at, length, encoding) {
      const bytes = native.adopt(Buffer, native.decode(text, encoding || 'utf8'));
      return bytes.copy(this, at || 0, 0, length);
    }
    indexOf(value, from) {
      const wanted = typeof value === 'number' ? [value & 255] : Buffer.from(value);
      for (let i = from || 0; i + wanted.length <= this.length; i++) {
        let k = 0;
        while (k < wanted.length && this[i + k] === wanted[k]) k++;
        if (k === wanted.length) return i;
      }
      return -1;
    }
    includes(value, from) { return this.indexOf(value, from) >= 0; }
  }
  function view(buffer) { return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength); }
  const kinds = { Int8: 1, UInt8: 1, Int16: 2, UInt16: 2, Int32: 4, UInt32: 4, Float: 4, Double: 8 };
  Object.keys(kinds).forEach(function (kind) {
    const method = { Float: 'Float32', Double: 'Float64' }[kind] || kind.replace('UInt', 'Uint');
    const orders = kinds[kind] === 1 ? { '': false } : { BE: false, LE: true };
    Object.keys(orders).forEach(function (order) {
      Buffer.prototype['read' + kind + order] = function (at) { return view(this)['get' + method](at || 0, orders[order]); };
      Buffer.prototype['write' + kind + order] = function (value, at) {
        view(this)['set' + method](at || 0, value, orders[order]);
        return (at || 0) + kinds[kind];
      };
    });
  });
  exports.Buffer = Buffer;
  exports.from = Buffer.from;
  exports.alloc = Buffer.alloc;
  exports.concat = Buffer.concat;
  exports.isBuffer = Buffer.isBuffer;
  exports.byteLength = Buffer.byteLength;
  return exports;
})
