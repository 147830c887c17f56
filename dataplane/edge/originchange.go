package edge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drawbridge/dataplane/program"
	"drawbridge/engine/jsfunc"
)

// redirectTo carries out what a viewer-request function wants done about the
// origin: another one of the distribution's, changes of the assigned one, or a
// group of two (reference/cloudfront.md section 5.2). The cache key is as before.
func (r *request) redirectTo(change *jsfunc.OriginChange) error {
	switch {
	case change.Update != nil:
		o, err := updatedOrigin(r, r.origin, change.Update)
		r.origin, r.group = o, nil
		return err
	case change.Select != nil:
		o, err := chosenOrigin(r, change.Select.OriginID)
		if err != nil {
			return err
		}
		o.HostHeader, o.ServerName = either(change.Select.HostHeader, ""), either(change.Select.SNI, "")
		r.origin, r.group = o, nil
		o.CertificateNames = change.Select.AllowedCertificateNames
		return nil
	}
	return r.regroup(change.Group)
}

// regroup makes the origin group that a function asks for.
func (r *request) regroup(wanted *jsfunc.OriginGroup) error {
	group := &program.OriginGroup{ID: "function", FailoverOn: map[int]bool{}}
	for _, code := range wanted.FailoverCriteria.StatusCodes {
		if !slices.Contains([]int{400, 403, 404, 416, 429, 500, 502, 503, 504}, code) {
			return fmt.Errorf("%d is no status to fail over on", code)
		}
		group.FailoverOn[code] = true
	}
	for i, member := range wanted.OriginIDs[:len(group.Members)] {
		o, err := chosenOrigin(r, member.OriginID)
		if err == nil && member.OriginOverrides != nil {
			o, err = updatedOrigin(r, o, member.OriginOverrides)
		}
		if err != nil {
			return err
		}
		group.Members[i] = o
	}
	r.origin, r.group = group.Members[0], group
	return nil
}

// chosenOrigin returns a copy of an origin of the distribution.
func chosenOrigin(r *request, id string) (*program.Origin, error) {
	o, ok := r.distribution.Origins[id]
	if !ok {
		return nil, errors.New("the distribution has no such origin")
	}
	copied := *o
	return &copied, nil
}

// updatedOrigin is an origin with what a function changed of it; what it did
// not name stays.
func updatedOrigin(r *request, from *program.Origin, u *jsfunc.OriginUpdate) (*program.Origin, error) {
	o := *from
	o.DomainName = strings.ToLower(either(u.DomainName, o.DomainName))
	o.Path = either(u.OriginPath, o.Path)
	o.HostHeader, o.ServerName = either(u.HostHeader, o.HostHeader), either(u.SNI, o.ServerName)
	o.Attempts = either(u.ConnectionAttempts, o.Attempts)
	if t := u.Timeouts; t != nil {
		o.ReadTimeout = secondsOr(t.ReadTimeout, o.ReadTimeout)
		o.CompletionTimeout = secondsOr(t.ResponseCompletionTimeout, o.CompletionTimeout)
		o.KeepAlive = secondsOr(t.KeepAliveTimeout, o.KeepAlive)
		o.ConnectTimeout = secondsOr(t.ConnectionTimeout, o.ConnectTimeout)
	}
	if c := u.CustomOriginConfig; c != nil {
		o.HTTPPort, o.HTTPSPort = either(c.Port, o.HTTPPort), either(c.Port, o.HTTPSPort)
		switch either(c.Protocol, "") {
		case "http":
			o.Protocol = program.OriginHTTPOnly
		case "https":
			o.Protocol = program.OriginHTTPSOnly
		}
	}
	if c := u.OriginAccessControlConfig; c != nil {
		o.Sign = nil
		if behavior := either(c.SigningBehavior, "always"); c.Enabled && behavior != "never" {
			o.Sign = &program.OriginSigning{Service: either(c.OriginType, "s3"), Always: behavior == "always"}
		}
	}
	if u.CustomHeaders != nil {
		o.CustomHeaders = nil
		for name, value := range *u.CustomHeaders {
			if r.asked.Header.Has(name) {
				return nil, fmt.Errorf("the custom header %q is one of the viewer's", name)
			}
			o.CustomHeaders = append(o.CustomHeaders, program.HeaderField{Name: name, Value: value})
		}
		slices.SortFunc(o.CustomHeaders, func(a, b program.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	}
	if err := soundOrigin(&o); err != nil {
		return nil, err
	}
	if u.AllowedCertificateNames != nil {
		o.CertificateNames = u.AllowedCertificateNames
	}
	return &o, nil
}

// soundOrigin holds what a function chose to the rules of origins
// (reference/cloudfront.md section 1.9).
func soundOrigin(o *program.Origin) error {
	bad := func(text string) bool {
		return strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f })
	}
	port := func(n int) bool { return n == 80 || n == 443 || n >= 1024 && n <= 65535 }
	timeout := func(d, most time.Duration) bool { return d >= time.Second && d <= most }
	switch {
	case o.DomainName == "" || len(o.DomainName) > 253 || bad(o.DomainName) || strings.ContainsAny(o.DomainName, "/:@?#"):
		return errors.New("domainName is not valid")
	case bad(o.HostHeader) || bad(o.ServerName):
		return errors.New("hostHeader or sni is not valid")
	case o.Path != "" && (o.Path[0] != '/' || strings.HasSuffix(o.Path, "/") || len(o.Path) > 255 || bad(o.Path) || strings.ContainsAny(o.Path, "?#")):
		return errors.New("originPath is not valid")
	case o.Attempts < 1 || o.Attempts > 3:
		return errors.New("connectionAttempts is not valid")
	case !port(o.HTTPPort) || !port(o.HTTPSPort):
		return errors.New("port is not valid")
	case !timeout(o.ConnectTimeout, 10*time.Second) || !timeout(o.ReadTimeout, 120*time.Second) || !timeout(o.KeepAlive, 120*time.Second) || o.CompletionTimeout < 0:
		return errors.New("a timeout is not valid")
	}
	for _, h := range o.CustomHeaders {
		if h.Name == "" || bad(h.Name) || strings.ContainsAny(h.Name, ":\"(),;<>=?@[]{}/\\") || strings.ContainsAny(h.Value, "\r\n\x00") {
			return errors.New("customHeaders is not valid")
		}
	}
	return nil
}

// either is what a pointer names, or else.
func either[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func secondsOr(p *int, otherwise time.Duration) time.Duration {
	if p == nil {
		return otherwise
	}
	return time.Duration(*p) * time.Second
}
