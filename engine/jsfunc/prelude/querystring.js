// The module querystring (AWS: "JavaScript runtime features", querystring).
(function (exports) {
  'use strict';
  function unescape(text) {
    try {
      return decodeURIComponent(text);
    } catch (e) {
      return text;
    }
  }
  function primitive(value) {
    switch (typeof value) {
      case 'string': return value;
      case 'number': return isFinite(value) ? String(value) : '';
      case 'boolean': return value ? 'true' : 'false';
    }
    return '';
  }
  exports.escape = function (text) { return encodeURIComponent(String(text)); };
  exports.unescape = unescape;
  exports.parse = function (text, separator, equal, options) {
    const result = {};
    if (typeof text !== 'string' || text === '') return result;
    separator = separator || '&';
    equal = equal || '=';
    const decode = options && typeof options.decodeURIComponent === 'function' ? options.decodeURIComponent : unescape;
    let most = options && typeof options.maxKeys === 'number' ? options.maxKeys : 1000;
    const parts = text.split(separator);
    for (let i = 0; i < parts.length && (most <= 0 || i < most); i++) {
      if (parts[i] === '') continue;
      const part = parts[i].split('+').join(' ');
      const at = part.indexOf(equal);
      const name = decode(at < 0 ? part : part.slice(0, at));
      const value = at < 0 ? '' : decode(part.slice(at + equal.length));
      if (!Object.prototype.hasOwnProperty.call(result, name)) {
        result[name] = value;
      } else if (Array.isArray(result[name])) {
        result[name].push(value);
      } else {
        result[name] = [result[name], value];
      }
    }
    return result;
  };
  exports.stringify = function (object, separator, equal, options) {
    if (object === null || typeof object !== 'object') return '';
    separator = separator || '&';
    equal = equal || '=';
    const encode = options && typeof options.encodeURIComponent === 'function' ? options.encodeURIComponent : exports.escape;
    const parts = [];
    Object.keys(object).forEach(function (name) {
      const values = Array.isArray(object[name]) ? object[name] : [object[name]];
      values.forEach(function (value) { parts.push(encode(name) + equal + encode(primitive(value))); });
    });
    return parts.join(separator);
  };
  return exports;
})
