package policy

import (
	"net/netip"
	"strings"
	"time"
)

// Request is what a policy is asked about: may Principal do Action on Resource,
// under the circumstances in Context? It belongs to one goroutine at a time and
// may be reused after Reset; evaluation only reads it.
type Request struct {
	Principal Principal
	Action    string // "execute-api:Invoke"
	Resource  string // full ARN
	Context   Context
}

// PrincipalType tells the kinds of caller apart; its text is the value of
// aws:PrincipalType (reference_policies_variables, principal key values).
type PrincipalType uint8

const (
	Anonymous PrincipalType = iota
	Account                 // the root user of an account
	User
	AssumedRole
	FederatedUser
	Service        // an AWS service: Principal.Service
	FederatedLogin // an identity provider's user before any role: Principal.Federated
)

// String is the value of aws:PrincipalType.
func (t PrincipalType) String() string {
	return [...]string{"Anonymous", "Account", "User", "AssumedRole", "FederatedUser", "Service", "FederatedLogin"}[t]
}

// Principal is the caller. The zero value is an anonymous one.
type Principal struct {
	Type          PrincipalType
	ARN           string // user, root, federated user, or the session of an assumed role
	RoleARN       string // AssumedRole: the iam role behind the session
	Account       string // 12 digits
	Service       string // "apigateway.amazonaws.com"
	Federated     string // provider domain or ARN
	CanonicalUser string // S3's 64 hex digits for an account, if known
}

// SetPrincipal sets the caller and the condition keys that follow from it:
// aws:PrincipalArn (the role, not the session), aws:PrincipalAccount,
// aws:PrincipalType, or for a service aws:PrincipalServiceName and
// aws:PrincipalIsAWSService. Before authentication nothing may be set
// (reference/api-gateway.md 3.4, "phase A").
func (r *Request) SetPrincipal(p Principal) {
	r.Principal = p
	switch p.Type {
	case Anonymous, FederatedLogin:
	case Service:
		r.Context.Set(KeyPrincipalServiceName, p.Service)
		r.Context.SetBool(KeyPrincipalIsAWSService, true)
	default:
		arn := p.ARN
		if p.RoleARN != "" {
			arn = p.RoleARN
		}
		r.Context.Set(KeyPrincipalArn, arn)
		r.Context.Set(KeyPrincipalAccount, p.Account)
		r.Context.Set(KeyPrincipalType, p.Type.String())
		r.Context.SetBool(KeyPrincipalIsAWSService, false)
	}
}

// Reset empties the request for reuse; room for lists is kept.
func (r *Request) Reset() {
	lists, others := r.Context.lists, r.Context.others
	clear(lists)
	clear(others)
	*r = Request{Context: Context{lists: lists[:0], others: others[:0]}}
}

// Context holds the condition keys of one request. A key that was never set is
// absent, which is not the same as empty. Setting is cheap: no key costs an
// allocation except lists and keys by name.
type Context struct {
	present keySet
	listed  keySet // present, with its values in lists
	flags   keySet // values of the boolean keys
	texts   [keyTexts]string
	addrs   [2]netip.Addr // SourceIP, VpcSourceIP
	now     int64         // CurrentTime and EpochTime, seconds since 1970
	issued  int64         // TokenIssueTime
	mfaAge  int64         // MultiFactorAuthAge, seconds
	lists   []listValue
	others  []otherValue
}

type listValue struct {
	key    Key
	values []string
}

type otherValue struct {
	name   string
	values []string
}

// Set gives a key one text value; an empty text is a present key. A typed key
// takes its text form here (its value is then read when an operator needs it).
func (c *Context) Set(k Key, value string) {
	if k >= keyTexts {
		c.SetList(k, []string{value})
		return
	}
	c.texts[k] = value
	c.present.add(k)
	c.listed.remove(k)
}

// SetList gives a key several values, for multivalued keys and for a header
// that came more than once. No values means absent: an empty set is what
// ForAllValues and ForAnyValue call a missing key.
func (c *Context) SetList(k Key, values []string) {
	if k >= keyCount {
		return
	}
	c.listed.remove(k)
	c.present.remove(k)
	if len(values) == 0 {
		return
	}
	c.present.add(k)
	c.listed.add(k)
	for i := range c.lists {
		if c.lists[i].key == k {
			c.lists[i].values = values
			return
		}
	}
	c.lists = append(c.lists, listValue{k, values})
}

// SetOther gives a key that is not well known its values: service keys, tags
// ("aws:PrincipalTag/team"). No values means absent.
func (c *Context) SetOther(name string, values ...string) {
	if k, ok := LookupKey(name); ok {
		c.SetList(k, values)
		return
	}
	for i := range c.others {
		if strings.EqualFold(c.others[i].name, name) {
			c.others[i].values = values
			return
		}
	}
	c.others = append(c.others, otherValue{name, values})
}

// SetSourceIP sets aws:SourceIp: the peer of the TCP connection. An invalid
// address leaves the key absent.
func (c *Context) SetSourceIP(addr netip.Addr) { c.setAddr(KeySourceIP, addr) }

// SetVpcSourceIP sets aws:VpcSourceIp.
func (c *Context) SetVpcSourceIP(addr netip.Addr) { c.setAddr(KeyVpcSourceIP, addr) }

func (c *Context) setAddr(k Key, addr netip.Addr) {
	c.listed.remove(k)
	c.present.remove(k)
	if addr.IsValid() {
		c.addrs[k-KeySourceIP] = addr.Unmap().WithZone("")
		c.present.add(k)
	}
}

// SetCurrentTime sets aws:CurrentTime and aws:EpochTime, to the second.
func (c *Context) SetCurrentTime(now time.Time) {
	c.now = now.Unix()
	c.setTyped(KeyCurrentTime)
	c.setTyped(KeyEpochTime)
}

// SetTokenIssueTime sets aws:TokenIssueTime: when temporary credentials were
// issued, to the second.
func (c *Context) SetTokenIssueTime(t time.Time) {
	c.issued = t.Unix()
	c.setTyped(KeyTokenIssueTime)
}

// SetMultiFactorAuthAge sets aws:MultiFactorAuthAge, in whole seconds.
func (c *Context) SetMultiFactorAuthAge(age time.Duration) {
	c.mfaAge = int64(age / time.Second)
	c.setTyped(KeyMultiFactorAuthAge)
}

// SetBool sets one of the boolean keys: KeySecureTransport,
// KeyMultiFactorAuthPresent, KeyViaAWSService, KeyPrincipalIsAWSService.
// Another key takes the value as text.
func (c *Context) SetBool(k Key, value bool) {
	if k < KeySecureTransport || k > KeyPrincipalIsAWSService {
		c.Set(k, boolText(value))
		return
	}
	c.setTyped(k)
	c.flags.remove(k)
	if value {
		c.flags.add(k)
	}
}

func (c *Context) setTyped(k Key) {
	c.present.add(k)
	c.listed.remove(k)
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// lookup returns the values of a key; none when it is absent. By value: an
// out parameter would make every request escape to the heap.
func (c *Context) lookup(k Key, name string) values {
	switch {
	case k == keyOther:
		for i := range c.others {
			if strings.EqualFold(c.others[i].name, name) {
				return values{many: c.others[i].values, value: value{kind: kindMany}}
			}
		}
	case !c.present.has(k):
	case c.listed.has(k):
		for i := range c.lists {
			if c.lists[i].key == k {
				return values{many: c.lists[i].values, value: value{kind: kindMany}}
			}
		}
	case k < keyTexts:
		return values{value: value{kind: kindText, text: c.texts[k]}}
	default:
		return values{value: c.typed(k)}
	}
	return values{}
}

func (c *Context) typed(k Key) value {
	switch k {
	case KeySourceIP, KeyVpcSourceIP:
		return value{kind: kindAddr, addr: c.addrs[k-KeySourceIP]}
	case KeyCurrentTime:
		return value{kind: kindTime, n: c.now}
	case KeyTokenIssueTime:
		return value{kind: kindTime, n: c.issued}
	case KeyEpochTime:
		return value{kind: kindSeconds, n: c.now}
	case KeyMultiFactorAuthAge:
		return value{kind: kindSeconds, n: c.mfaAge}
	}
	if c.flags.has(k) {
		return value{kind: kindFlag, n: 1}
	}
	return value{kind: kindFlag}
}
