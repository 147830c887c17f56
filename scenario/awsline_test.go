package scenario

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/cloudfrontkeyvaluestoreapi"
	"drawbridge/controlplane/api/iamapi"
	"drawbridge/controlplane/api/stsapi"
)

// awsTables are the services by their name on the AWS CLI's command line.
var awsTables = map[string]*api.Service{
	"apigateway": apigatewayapi.Table, "cloudfront": cloudfrontapi.Table,
	"cloudfront-keyvaluestore": cloudfrontkeyvaluestoreapi.Table, "sts": stsapi.Table,
	"acm": acmapi.Table, "iam": iamapi.Table,
}

// awsLine is an AWS CLI command line, understood.
type awsLine struct {
	table    *api.Service
	op       *api.Operation
	in       object
	region   string
	unsigned bool
	outfile  string // for the blob that is the answer's body
}

// option is "--name value …".
type option struct {
	name   string
	values []string
}

// splitOptions reads what stands behind service and operation.
func splitOptions(args []string) ([]option, error) {
	var options []option
	for _, arg := range args {
		if name, ok := strings.CutPrefix(arg, "--"); ok && name != "" {
			name, value, inline := strings.Cut(name, "=")
			options = append(options, option{name: name})
			if inline {
				options[len(options)-1].values = []string{value}
			}
			continue
		}
		if len(options) == 0 {
			return nil, fmt.Errorf("%q stands before any --option", arg)
		}
		last := &options[len(options)-1]
		last.values = append(last.values, arg)
	}
	return options, nil
}

// findOperation finds create-rest-api in a table.
func findOperation(table *api.Service, kebab string) *api.Operation {
	for i := range table.Operations {
		if sameName(table.Operations[i].Name, kebab) {
			return &table.Operations[i]
		}
	}
	return nil
}

// sameName compares a model's name with the CLI's: restApiId is rest-api-id.
func sameName(model, kebab string) bool {
	return strings.EqualFold(model, strings.ReplaceAll(kebab, "-", ""))
}

// parseAWS understands a line; read gives the text behind file://.
func parseAWS(args []string, read func(name string) (string, error)) (*awsLine, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("write: aws SERVICE OPERATION --option value …")
	}
	line := &awsLine{table: awsTables[args[0]]}
	if line.table == nil {
		return nil, fmt.Errorf("no table for the service %q", args[0])
	}
	if line.op = findOperation(line.table, args[1]); line.op == nil {
		return nil, fmt.Errorf("%s has no operation %q", args[0], args[1])
	}
	rest := args[2:]
	if n := len(rest) - 1; n > 1 && blobOutput(line.op) != "" && !strings.HasPrefix(rest[n-1], "--") {
		line.outfile, rest = rest[n], rest[:n]
	}
	options, err := splitOptions(rest)
	if err != nil {
		return nil, err
	}
	for _, o := range options {
		for i, value := range o.values {
			if name, ok := fileOf(value); ok {
				if o.values[i], err = read(name); err != nil {
					return nil, err
				}
			}
		}
		if err := line.take(o); err != nil {
			return nil, fmt.Errorf("--%s: %w", o.name, err)
		}
	}
	return line, nil
}

// blobOutput names the member that the CLI writes to a file: its name stands at
// the line's end.
func blobOutput(op *api.Operation) string {
	for _, m := range shapeMembers(op.Output) {
		if m.In == api.InPayload && m.Type.Kind == api.KindBlob {
			return m.Name
		}
	}
	return ""
}

// answered prints what an operation answered; a body goes to the line's file.
func (s *story) answered(line *awsLine, out object, folder string) error {
	s.answer = ""
	if line.outfile != "" {
		name := blobOutput(line.op)
		body, _ := out.get(name)
		out = slices.DeleteFunc(out, func(m member) bool { return m.name == name })
		if err := os.WriteFile(filepath.Join(folder, line.outfile), []byte(scalarText(body)), 0o600); err != nil {
			return err
		}
	}
	if len(out) > 0 {
		s.answer = printJSON(out)
	}
	return nil
}

// fileOf gives the name behind file:// or fileb://.
func fileOf(value string) (string, bool) {
	if name, ok := strings.CutPrefix(value, "file://"); ok {
		return name, true
	}
	return strings.CutPrefix(value, "fileb://")
}

// take puts one option into the input.
func (l *awsLine) take(o option) error {
	switch o.name {
	case "region":
		l.region = strings.Join(o.values, "")
		return nil
	case "no-sign-request":
		l.unsigned = true
		return nil
	case "no-cli-pager", "no-paginate":
		return nil
	case "paths": // the CLI's own short form of an invalidation batch
		if l.op.Name == "CreateInvalidation" {
			l.in = append(l.in, pathsBatch(o.values))
			return nil
		}
	}
	for i := range shapeMembers(l.op.Input) {
		m := &l.op.Input.Members[i]
		no, negated := strings.CutPrefix(o.name, "no-")
		switch {
		case m.Type.Kind == api.KindBoolean && len(o.values) == 0 && sameName(m.Name, o.name):
			l.in = append(l.in, member{m.Name, true})
			return nil
		case m.Type.Kind == api.KindBoolean && negated && len(o.values) == 0 && sameName(m.Name, no):
			l.in = append(l.in, member{m.Name, false})
			return nil
		case sameName(m.Name, o.name):
			value, err := optionValue(&m.Type, o.values)
			l.in = append(l.in, member{m.Name, value})
			return err
		}
	}
	return fmt.Errorf("%s has no such option", l.op.Name)
}

func pathsBatch(paths []string) member {
	items := []any{}
	for _, path := range paths {
		items = append(items, path)
	}
	return member{"InvalidationBatch", object{
		{"Paths", object{{"Quantity", json.Number(fmt.Sprint(len(items)))}, {"Items", items}}},
		{"CallerReference", "cli-" + strings.Join(paths, " ")},
	}}
}

// optionValue reads an option's values for a member of type t.
func optionValue(t *api.Type, values []string) (any, error) {
	complex := t.Kind == api.KindStructure || t.Kind == api.KindList || t.Kind == api.KindMap
	if !complex {
		if len(values) != 1 {
			return nil, fmt.Errorf("%d values, want one", len(values))
		}
		return coerce(t, values[0])
	}
	if len(values) == 1 {
		if trimmed := strings.TrimSpace(values[0]); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
			value, err := parseJSON(trimmed)
			if err != nil {
				return nil, err
			}
			if _, single := value.(object); single && t.Kind == api.KindList {
				value = []any{value}
			}
			return coerce(t, value)
		}
	}
	if t.Kind != api.KindList {
		value, err := parseShorthand(strings.Join(values, ","))
		if err != nil {
			return nil, err
		}
		return coerce(t, value)
	}
	list := []any{}
	for _, text := range values {
		var item any = text
		if k := t.Item.Kind; k == api.KindStructure || k == api.KindMap {
			var err error
			if strings.HasPrefix(text, "{") {
				item, err = parseJSON(text)
			} else {
				item, err = parseShorthand(text)
			}
			if err != nil {
				return nil, err
			}
		}
		list = append(list, item)
	}
	return coerce(t, list)
}

// coerce fits a value that was read without knowing its type to that type, and
// refuses names the model does not have, as the CLI does.
func coerce(t *api.Type, value any) (any, error) {
	switch t.Kind {
	case api.KindStructure:
		in, ok := value.(object)
		if !ok {
			return nil, fmt.Errorf("%s is no structure", jsonText(value))
		}
		out := object{}
		for _, given := range in {
			m := findMember(t.Shape, given.name)
			if m == nil {
				return nil, fmt.Errorf("%s has no member %q", t.Shape.Name, given.name)
			}
			v, err := coerce(&m.Type, given.value)
			if err != nil {
				return nil, err
			}
			out = append(out, member{m.Name, v})
		}
		return out, nil
	case api.KindList:
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		out := []any{}
		for _, item := range list {
			v, err := coerce(t.Item, item)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case api.KindMap:
		in, ok := value.(object)
		if !ok {
			return nil, fmt.Errorf("%s is no map", jsonText(value))
		}
		out := object{}
		for _, pair := range in {
			v, err := coerce(t.Item, pair.value)
			if err != nil {
				return nil, err
			}
			out = append(out, member{pair.name, v})
		}
		return out, nil
	case api.KindBoolean:
		if text, ok := value.(string); ok {
			return text == "true", nil
		}
	case api.KindInteger, api.KindLong, api.KindFloat, api.KindDouble:
		if text, ok := value.(string); ok {
			return json.Number(text), nil
		}
	}
	return value, nil
}

// parseShorthand reads the CLI's key=value,key=[a,b],key={k=v} form
// (AWS CLI User Guide, "Using shorthand syntax").
func parseShorthand(text string) (object, error) {
	p := &shorthand{text: text}
	out, err := p.pairs("")
	if err == nil && p.at != len(text) {
		err = fmt.Errorf("cannot read %q from byte %d on", text, p.at)
	}
	return out, err
}

type shorthand struct {
	text string
	at   int
}

var shorthandKey = regexp.MustCompile(`^[A-Za-z0-9._/~:@+-]+=`)

func (p *shorthand) rest() string { return p.text[p.at:] }

// pairs reads key=value pairs up to the end character.
func (p *shorthand) pairs(end string) (object, error) {
	out := object{}
	for {
		key := shorthandKey.FindString(p.rest())
		if key == "" {
			return nil, fmt.Errorf("key=value wanted at %q", p.rest())
		}
		p.at += len(key)
		value, err := p.value(end)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(key, "=")
		// a,b,c behind one key is a list.
		for strings.HasPrefix(p.rest(), ",") && shorthandKey.FindString(p.rest()[1:]) == "" {
			p.at++
			next, err := p.value(end)
			if err != nil {
				return nil, err
			}
			if list, ok := value.([]any); ok {
				value = append(list, next)
			} else {
				value = []any{value, next}
			}
		}
		out = append(out, member{name, value})
		if !strings.HasPrefix(p.rest(), ",") {
			return out, nil
		}
		p.at++
	}
}

func (p *shorthand) value(end string) (any, error) {
	switch rest := p.rest(); {
	case strings.HasPrefix(rest, "{"):
		p.at++
		value, err := p.pairs("}")
		return value, p.close("}", err)
	case strings.HasPrefix(rest, "["):
		p.at++
		list := []any{}
		for !strings.HasPrefix(p.rest(), "]") {
			if p.rest() == "" {
				break
			}
			item, err := p.value("]")
			if err != nil {
				return nil, err
			}
			list = append(list, item)
			if strings.HasPrefix(p.rest(), ",") {
				p.at++
			}
		}
		return list, p.close("]", nil)
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, "'"):
		return p.quoted(rest[0])
	}
	stop := strings.IndexAny(p.rest(), ","+end)
	if stop < 0 {
		stop = len(p.rest())
	}
	text := p.rest()[:stop]
	p.at += stop
	return text, nil
}

func (p *shorthand) close(end string, err error) error {
	if err != nil {
		return err
	}
	if !strings.HasPrefix(p.rest(), end) {
		return fmt.Errorf("%s wanted at %q", end, p.rest())
	}
	p.at++
	return nil
}

// quoted reads 'text' or "text", with \ before the quote or itself.
func (p *shorthand) quoted(quote byte) (any, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text) && (p.text[i+1] == quote || p.text[i+1] == '\\'):
			i++
			b.WriteByte(p.text[i])
		case c == quote:
			p.at = i + 1
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return nil, fmt.Errorf("%c is not closed in %q", quote, p.text)
}

// storyVariable is what a file may hold: names that a story can set, so that
// $context and $input of mapping templates stay as they are.
var storyVariable = regexp.MustCompile(`\$\{[A-Z][A-Z0-9_]*\}|\$[A-Z][A-Z0-9_]*`)

// expandFile reads a story's file with the story's variables filled in.
func expandFile(path string, get func(string) string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return storyVariable.ReplaceAllStringFunc(string(text), func(name string) string {
		if value := get(strings.Trim(name, "${}")); value != "" {
			return value
		}
		return name
	}), nil
}
