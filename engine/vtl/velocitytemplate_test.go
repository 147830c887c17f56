package vtl

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// templateWriter writes random templates that API Gateway and plain Velocity
// 1.7 are to render alike. What it leaves out, because API Gateway differs
// (reference/api-gateway.md 5.6, 5.7) or the outcome depends on Java's types
// beyond what JSON has:
//   - comparing what may be null with a text: null equals "" there;
//   - #include, #parse and whatever reaches classes;
//   - a directive right behind a reference in text, after which Velocity's lexer
//     goes on as if behind that reference;
//   - integers beyond 32 bits and their overflow.
type templateWriter struct {
	r      *rand.Rand
	b      strings.Builder
	depth  int
	loops  int
	macros int // begun so far

	referred bool // the last piece was a reference
}

// randomTemplate is the template of a seed.
func randomTemplate(seed uint64) string {
	w := &templateWriter{r: rand.New(rand.NewPCG(seed, 1))}
	w.block(2 + w.r.IntN(8))
	return w.b.String()
}

func (w *templateWriter) put(parts ...string) {
	for _, part := range parts {
		w.b.WriteString(part)
	}
}

func (w *templateWriter) one(of ...string) string { return of[w.r.IntN(len(of))] }

// in runs a writer one level deeper; beyond some levels the simple one.
func deeper[T any](w *templateWriter, simple, write func() T) T {
	if w.depth > 4 {
		return simple()
	}
	w.depth++
	defer func() { w.depth-- }()
	return write()
}

// capture gives what a writer writes.
func (w *templateWriter) capture(write func()) string {
	outer := w.b
	w.b = strings.Builder{}
	write()
	text := w.b.String()
	w.b = outer
	return text
}

func (w *templateWriter) block(pieces int) {
	for range pieces {
		w.piece()
	}
}

func (w *templateWriter) piece() {
	n := w.r.IntN(100)
	if w.referred && n >= 60 {
		w.put(w.one(" ", ".", "\n"))
	}
	w.referred = n >= 36 && n < 58
	switch {
	case n < 30:
		w.put(w.one("a", " ", "\n", "\t", "text ", "{\"k\": ", ", ", "}", "  \n", "\r\n", ".", "x-y", "[0]", "(1)", "ü", "\n\n", "1", "!", ")"))
	case n < 36:
		w.put(w.one("$", "#", "\\", "$$", "##", "$ ", "# ", "\\\\", "$5", "#1", "$!", "${", "$-", "#[", "$.", "&#39;", "\\n", "#-")) // mostly text
		w.put(w.one("é ", "\né", "ü\n"))
	case n < 55:
		w.put(w.printed())
	case n < 58:
		w.put(strings.Repeat("\\", 1+w.r.IntN(3)), w.printed())
	case n < 60:
		w.put(strings.Repeat("\\", 1+w.r.IntN(3)), w.one("#if", "#end ", "#else", "#set", "#foreach", "#stop ", "#break "), w.one("", " ", "x", "(1)"))
	case n < 75:
		w.set()
	case n < 83:
		w.nested(w.ifs)
	case n < 89:
		w.nested(w.foreach)
	case n < 93:
		w.put(w.one("## note $num #if\n", "#* c $x #end *#", "#** doc *#", "##\n", "#*\n*#", "##c\n", "#[[ raw $num #end ]]#"))
	case n < 96:
		w.nested(w.macro)
	case n < 98:
		w.nested(w.define)
	default:
		if w.loops > 0 {
			w.put("#if(", w.condition(), ")", w.one("#break", "#{break}"), "#end")
		}
	}
}

func (w *templateWriter) nested(write func()) {
	deeper(w, func() int { w.put("-"); return 0 }, func() int { write(); return 0 })
}

// blank is white space that a directive may have.
func (w *templateWriter) blank() string { return w.one("", "", "", " ", "  ", "\t") }

func (w *templateWriter) end() string {
	return w.one("#end", "#end", "#{end}", "#end\n", "#end \n", "#end  ")
}

func (w *templateWriter) variable() string {
	return w.one("n", "n1", "s", "s-1", "s_2", "b", "l", "m", "z")
}

// printed is a reference as it stands in text.
func (w *templateWriter) printed() string {
	path := w.path()
	switch w.r.IntN(4) {
	case 0:
		return "${" + path + "}"
	case 1:
		return "$!" + path
	case 2:
		return "$!{" + path + "}"
	}
	return "$" + path + w.one("", "", ".", " ", "-", ",", ".5", "!")
}

func (w *templateWriter) path() string {
	switch w.r.IntN(6) {
	case 0:
		return w.variable()
	case 1:
		return w.one("num", "neg", "dec", "text", "empty", "odd", "yes", "no", "list", "words", "map", "none", "none.x", "none.x()", "map.none", "map.none.x")
	case 2:
		return strings.TrimPrefix(w.numberReference(), "$")
	case 3:
		return strings.TrimPrefix(w.textReference(), "$")
	case 4:
		if w.loops > 0 {
			return w.one("foreach.count", "foreach.index", "foreach.hasNext", "foreach.first", "foreach.last", "velocityCount", "i", "foreach.parent.count")
		}
		return "foreach"
	}
	return strings.TrimPrefix(w.truthReference(), "$")
}

func (w *templateWriter) set() {
	target, value := w.assignment()
	w.put(w.one("", "", "  ", "\n", "\n \t"), w.one("#set", "#set", "#{set}"), w.one("", "", " ", "  "), "(", w.blank(), target, w.blank(), "=", w.blank(), value, w.blank(), ")",
		w.one("", "", "\n", " \n", "\r\n", "  x"))
}

func (w *templateWriter) assignment() (target, value string) {
	switch w.r.IntN(12) {
	case 0, 1, 2:
		return w.one("$n", "$n1", "${n}", "$!n"), w.number()
	case 3, 4, 5:
		return w.one("$s", "$s-1", "$s_2", "${s}"), w.text()
	case 6:
		return "$b", w.condition()
	case 7:
		return "$l", w.list()
	case 8:
		return "$m", w.dictionary()
	case 9:
		return w.one("$map.k", "$map.new", "$m.a", "$map['k']", `$map["x"]`, "$map.in.d"), w.text()
	case 10:
		return w.one("$list[0]", "$l[0]", "$words[1]"), w.text()
	}
	return w.one("$n", "$s", "$l", "$m"), w.one("$none", "$none.x", "$map.none", "$z")
}

func (w *templateWriter) ifs() {
	w.put("#if", w.blank(), "(", w.blank(), w.condition(), w.blank(), ")", w.one("", "", "\n", " \n"))
	w.block(w.r.IntN(3))
	for range w.r.IntN(3) - 1 {
		w.put("#elseif", w.blank(), "(", w.condition(), ")", w.one("", "\n"))
		w.block(w.r.IntN(2))
	}
	if w.r.IntN(2) == 0 {
		w.put(w.one("#else", "#{else}", "#else\n", "#else \n"))
		w.block(w.r.IntN(3))
	}
	w.put(w.end())
}

func (w *templateWriter) foreach() {
	over := w.one("$list", "$words", "$l", "$map", "$none", "$map.keySet()", "$map.values()", "[1..3]", "[2..-1]", "[]", "['a', $num]", "$map.entrySet()", "{}", "$text")
	if strings.HasPrefix(over, "$map.entry") && w.r.IntN(2) == 0 {
		w.put("#foreach($e in $map.entrySet())$e.key=$e.value;", w.one("$e.getKey()", "$!{e.getValue()}", ""), w.end())
		return
	}
	w.put(w.one("#foreach", "#foreach", "#{foreach}"), w.blank(), "(", w.blank(), "$i in ", over, w.blank(), ")", w.one("", "\n", " "))
	w.loops++
	w.block(w.r.IntN(4))
	w.loops--
	w.put(w.end())
}

func (w *templateWriter) macro() {
	name := fmt.Sprintf("m%d", w.macros)
	w.macros++
	body := w.capture(func() {
		w.put(w.one("$p", "<$!p>", "$p$p", "x"))
		loops := w.loops
		w.loops = 0
		w.block(w.r.IntN(3))
		w.loops = loops
		w.put(w.one("$p", "#set($p = 1)$p", "#set($n = 7)$!p", "", ""))
	})
	w.put("#macro(", w.blank(), name, w.one(" $p", " $p", " $p $q", " $p, $q"), w.blank(), ")", w.one("", "\n"), body, w.end())
	for range 1 + w.r.IntN(2) {
		w.put(w.one("", " ", "\n"), "#", name, w.blank(), "(", w.one(w.simpleNumber(), w.simpleText(), "$num", "$none", "'a' 'b'", "$text $num"), ")", w.one("", "\n", " "))
	}
}

func (w *templateWriter) define() {
	w.put("#define($d)", w.one("", "\n"))
	loops := w.loops
	w.loops = 0
	w.block(w.r.IntN(3))
	w.loops = loops
	w.put(w.end(), w.one("$d", "${d}", "$!d", "$d $d", ""))
}

func (w *templateWriter) numberReference() string {
	return w.one("$num", "$neg", "$text.length()", "$list.size()", "$map.n", "$map.get('n')", "$words.size()", "$list.get(1)", "$list[2]",
		"$map['n']", "$text.indexOf('o')", "$text.lastIndexOf('o')", "$map.size()", "$list[-1]", "$words.indexOf('yy')", "$num.intValue()", "$text.compareTo('Help')", "$n", "$n1")
}

// simpleNumber can be an element of a list and a macro's argument, too.
func (w *templateWriter) simpleNumber() string {
	return w.one(w.one("0", "1", "2", "-3", "7", "100", "1.5", "0.1", "-2.25", "1e3", "10.0"), w.numberReference())
}

func (w *templateWriter) number() string {
	return deeper(w, func() string { return "1" }, func() string {
		switch w.r.IntN(5) {
		case 0, 1, 2, 3:
			return w.simpleNumber()
		}
		text := w.number() + w.one(" + ", " - ", " * ", " / ", " % ", "+", "*", "/") + w.number()
		return w.one(text, "("+text+")")
	})
}

func (w *templateWriter) textReference() string {
	return w.one("$text", "$empty", "$odd", "$text.toUpperCase()", "$text.toLowerCase()", "$text.substring(2)", "$text.substring(1, 4)", "$map.k", "$map.in.d",
		"$map.get('k')", "$words[1]", "$words.get(0)", "$text.replace('o', '0')", "$text.replaceAll('[lo]+', '<$0>')", "$odd.trim()", "$text.concat('!')",
		"$text.charAt(4)", "$map.in", "$list.toString()", "$num.toString()", "$text.replaceFirst('l', 'L')", "$map.getOrDefault('q', 'dflt')", "$map.toString()",
		"$text.split(', ').size()", "$s", "$s-1", "$s_2", "$map.put('p', 'q')", "$list.subList(0, 2)", "$text.split(',')[0]")
}

func (w *templateWriter) text() string {
	return deeper(w, func() string { return "'s'" }, func() string {
		switch w.r.IntN(6) {
		case 0:
			return w.one("'plain'", "''", "'$num'", `'say "hi"'`, `'a\b'`, "'#if'", "'it''s'", "'tab	x'")
		case 1:
			return `"` + w.one("", "x", "é", "\\", "''") + w.capture(func() { w.put(strings.ReplaceAll(w.printed(), `"`, "'")) }) + w.one("", " y", "!", "$", "#") + `"`
		case 2:
			return w.one(`"$num"`, `"${text}-$num"`, `"a""b"`, `"#if($yes)1#end"`, `"$map.k$!none"`, `"#foreach($j in $list)$j#end"`, `"\$num"`, `"$none"`, `""`)
		case 3:
			return w.text() + " + " + w.one(w.text(), w.number())
		}
		return w.textReference()
	})
}

// simpleText can be an element of a list and a macro's argument, too.
func (w *templateWriter) simpleText() string {
	return w.one("'plain'", "''", "'$num'", `"$text!"`, `"#if($yes)1#end"`, w.textReference())
}

func (w *templateWriter) list() string {
	return w.one("[]", "["+w.simpleNumber()+"]", "["+w.simpleText()+", "+w.simpleNumber()+"]", "[1..4]", "[3..1]", "$list", "['a','b','a']", "[$num..$num]", "[[1], {'k': 2}]", "[true, false]", "[$none]")
}

func (w *templateWriter) dictionary() string {
	return w.one("{}", "{'a': "+w.simpleText()+"}", `{"k": 1}`, "$map", `{"x": `+w.simpleNumber()+`}`, `{'l': [1, 2]}`, `{"a": {"b": "c"}}`, "{1: 'one'}", `{"n": $none}`)
}

func (w *templateWriter) truthReference() string {
	return w.one("$yes", "$no", "$text.contains('World')", "$empty.isEmpty()", "$list.contains(3)", "$map.containsKey('k')", "$text.startsWith('He')", "$text.endsWith('x')",
		"$words.isEmpty()", "$text.equals('Hello, World')", "$text.equalsIgnoreCase('hello, world')", "$text.matches('.*World')", "$b", "$map.containsValue('v')", "$words.contains('')",
		"$empty.empty", "$list.empty", "$map.empty")
}

// solid is an operand that is never null.
func (w *templateWriter) solid() string {
	return w.one("'v'", "''", "$text", "$empty", "'Hello, World'", "$map.n", "$num", "42", "$yes", "true", "$dec", "2.5", "'42'", "5.0", "$list", "'5'")
}

func (w *templateWriter) condition() string {
	return deeper(w, func() string { return "$yes" }, func() string {
		switch w.r.IntN(10) {
		case 0:
			return w.one("true", "false", "$none", "$num", "$empty", "'x'", "''", "0", "$list", "[]", "$text")
		case 1, 2:
			return w.truthReference()
		case 3, 4:
			return w.number() + w.one(" < ", " > ", " <= ", " >= ", " lt ", " gt ", " le ", " ge ", "<", ">=") + w.number()
		case 5:
			return w.solid() + w.one(" == ", " != ", " eq ", " ne ", "==") + w.solid()
		case 6:
			return w.one("$none == $null", "$none != $null", "$num == $null", "$none == $none")
		case 7:
			return w.one("!", "! ", "not ") + w.one(w.truthReference(), "("+w.condition()+")")
		case 8:
			return w.condition() + w.one(" && ", " || ", " and ", " or ", "&&") + w.condition()
		}
		return "(" + w.condition() + ")"
	})
}
