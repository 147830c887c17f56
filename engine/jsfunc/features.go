package jsfunc

import (
	"fmt"
	"math/big"
	"reflect"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/token"
)

// checkFeatures refuses what the engine here would run and AWS's would not
// (reference/cloudfront.md 5.2): a function that works on Drawbridge is to work
// on AWS. It also sees that each regular expression is small enough to run.
func checkFeatures(tree *ast.Program, modern bool) error {
	c := &featureCheck{file: tree.File, modern: modern, seen: map[uintptr]bool{}}
	c.walk(reflect.ValueOf(tree.Body))
	return c.err
}

type featureCheck struct {
	file   *file.File
	modern bool
	seen   map[uintptr]bool
	err    error
}

func (c *featureCheck) refuse(what string, at file.Idx) {
	if c.err == nil {
		c.err = &SyntaxError{fmt.Sprintf("SyntaxError: Token %q not supported in this version in %d", what, c.file.Position(int(at)-1).Line)}
	}
}

// walk visits every node below v; nodes are pointers, seen ones are shared.
func (c *featureCheck) walk(v reflect.Value) {
	if c.err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		c.walk(v.Elem())
	case reflect.Pointer:
		if v.IsNil() || c.seen[v.Pointer()] || v.Type() == reflect.TypeFor[*file.File]() || v.Type() == reflect.TypeFor[*big.Int]() {
			return
		}
		c.seen[v.Pointer()] = true
		c.node(v.Interface())
		c.walk(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			c.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.walk(v.Field(i))
			}
		}
	}
}

func (c *featureCheck) node(n any) {
	switch n := n.(type) {
	case *ast.ForOfStatement:
		c.refuse("of", n.For)
	case *ast.ClassLiteral:
		c.refuse("class", n.Class)
	case *ast.ArrayPattern:
		c.refuse("[", n.LeftBracket)
	case *ast.ObjectPattern:
		c.refuse("{", n.LeftBrace)
	case *ast.SpreadElement:
		c.refuse("...", n.Expression.Idx0())
	case *ast.OptionalChain:
		c.refuse("?.", n.Expression.Idx0())
	case *ast.YieldExpression:
		c.refuse("yield", n.Yield)
	case *ast.FunctionLiteral:
		switch {
		case n.Generator:
			c.refuse("*", n.Function)
		case n.Async && !c.modern:
			c.refuse("async", n.Function)
		}
	case *ast.ArrowFunctionLiteral:
		if n.Async && !c.modern {
			c.refuse("async", n.Start)
		}
	case *ast.LexicalDeclaration:
		if !c.modern {
			c.refuse(n.Token.String(), n.Idx)
		}
	case *ast.ForLoopInitializerLexicalDecl:
		if !c.modern {
			c.refuse(n.LexicalDeclaration.Token.String(), n.LexicalDeclaration.Idx)
		}
	case *ast.ForDeclaration:
		if !c.modern {
			c.refuse("let", n.Idx)
		}
	case *ast.NumberLiteral:
		if _, isBig := n.Value.(*big.Int); isBig {
			c.refuse(n.Literal, n.Idx)
		}
	case *ast.CallExpression:
		// import('x') and import.meta have nodes of no other kind.
		if name, ok := n.Callee.(*ast.Identifier); ok && name.Name == "eval" {
			c.refuse("eval", name.Idx)
		}
	case *ast.RegExpLiteral:
		if _, err := regexpCost(n.Pattern, n.Flags); err != nil && c.err == nil {
			c.err = &SyntaxError{fmt.Sprintf("SyntaxError: %v in %d", err, c.file.Position(int(n.Idx)-1).Line)}
		}
	case *ast.BinaryExpression:
		if n.Operator == token.COALESCE && !c.modern {
			c.refuse("??", n.Left.Idx0())
		}
	}
}
