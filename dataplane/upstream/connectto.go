package upstream

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ConnectTo is one --connect-to rule with curl's meaning: a connection meant
// for FromHost:FromPort goes to ToHost:ToPort. An empty FromHost or zero
// FromPort matches any; an empty ToHost or zero ToPort keeps the original. Only
// the connection changes, never SNI, certificate name or Host field.
type ConnectTo struct {
	FromHost string // lower case, without brackets
	FromPort int
	ToHost   string
	ToPort   int
}

// ParseConnectTo parses HOST1:PORT1:HOST2:PORT2; IPv6 addresses stand in brackets.
func ParseConnectTo(text string) (ConnectTo, error) {
	var rule ConnectTo
	rest := text
	var parts [4]string
	for i := range parts {
		part, tail, more := cutPart(rest)
		if more != (i < 3) {
			return ConnectTo{}, fmt.Errorf("connect-to %q: want HOST1:PORT1:HOST2:PORT2", text)
		}
		parts[i], rest = part, tail
	}
	var err error
	if rule.FromPort, err = parsePort(parts[1]); err != nil {
		return ConnectTo{}, fmt.Errorf("connect-to %q: %w", text, err)
	}
	if rule.ToPort, err = parsePort(parts[3]); err != nil {
		return ConnectTo{}, fmt.Errorf("connect-to %q: %w", text, err)
	}
	rule.FromHost, rule.ToHost = unbracket(parts[0]), unbracket(parts[2])
	return rule, nil
}

// cutPart cuts at the next colon that is not inside brackets.
func cutPart(text string) (part, rest string, more bool) {
	from := 0
	if strings.HasPrefix(text, "[") {
		from = max(strings.IndexByte(text, ']'), 0)
	}
	i := strings.IndexByte(text[from:], ':')
	if i < 0 {
		return text, "", false
	}
	return text[:from+i], text[from+i+1:], true
}

func unbracket(host string) string {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return strings.ToLower(host)
}

func parsePort(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, errors.New("port is not between 1 and 65535")
	}
	return int(port), nil
}

// connectTo returns where to connect for host and port, and whether a rule said so.
func (c *Client) connectTo(host string, port int) (string, int, bool) {
	for _, rule := range c.options.ConnectTo {
		if rule.FromHost != "" && rule.FromHost != host || rule.FromPort != 0 && rule.FromPort != port {
			continue
		}
		if rule.ToHost != "" {
			host = rule.ToHost
		}
		if rule.ToPort != 0 {
			port = rule.ToPort
		}
		return host, port, true
	}
	return host, port, false
}
