package jsfunc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dop251/goja"
)

// OriginChange is what a viewer-request wants done about its origin; one of
// the three is set, the last call of the function counts.
type OriginChange struct {
	Update *OriginUpdate // updateRequestOrigin
	Select *OriginSelect // selectRequestOriginById
	Group  *OriginGroup  // createRequestOriginGroup
}

// OriginUpdate is the argument of updateRequestOrigin; what is nil stays as the
// assigned origin has it (reference/cloudfront.md 5.2).
type OriginUpdate struct {
	DomainName         *string            `json:"domainName"`
	HostHeader         *string            `json:"hostHeader"`
	OriginPath         *string            `json:"originPath"`
	CustomHeaders      *map[string]string `json:"customHeaders"` // empty: drop the configured ones
	ConnectionAttempts *int               `json:"connectionAttempts"`
	Timeouts           *struct {
		ReadTimeout               *int `json:"readTimeout"`
		ResponseCompletionTimeout *int `json:"responseCompletionTimeout"`
		KeepAliveTimeout          *int `json:"keepAliveTimeout"`
		ConnectionTimeout         *int `json:"connectionTimeout"`
	} `json:"timeouts"`
	OriginShield *struct {
		Enabled bool    `json:"enabled"`
		Region  *string `json:"region"`
	} `json:"originShield"`
	OriginAccessControlConfig *struct {
		Enabled         bool    `json:"enabled"`
		SigningBehavior *string `json:"signingBehavior"`
		SigningProtocol *string `json:"signingProtocol"`
		OriginType      *string `json:"originType"`
	} `json:"originAccessControlConfig"`
	CustomOriginConfig *struct {
		Port          *int     `json:"port"`
		Protocol      *string  `json:"protocol"`
		SSLProtocols  []string `json:"sslProtocols"`
		IPAddressType *string  `json:"ipAddressType"`
	} `json:"customOriginConfig"`
	SNI                     *string  `json:"sni"`
	AllowedCertificateNames []string `json:"allowedCertificateNames"`
}

// OriginSelect is the argument of selectRequestOriginById.
type OriginSelect struct {
	OriginID                string   `json:"-"`
	HostHeader              *string  `json:"hostHeader"`
	SNI                     *string  `json:"sni"`
	AllowedCertificateNames []string `json:"allowedCertificateNames"`
}

// OriginGroup is the argument of createRequestOriginGroup.
type OriginGroup struct {
	OriginIDs []struct {
		OriginID        string        `json:"originId"`
		OriginOverrides *OriginUpdate `json:"originOverrides"`
	} `json:"originIds"`
	SelectionCriteria *string `json:"selectionCriteria"`
	FailoverCriteria  struct {
		StatusCodes []int `json:"statusCodes"`
	} `json:"failoverCriteria"`
}

// Bounds of allowedCertificateNames (reference/cloudfront.md 5.2).
const (
	maxCertificateNames = 20
	maxCertificateName  = 64
)

// cloudfrontModule is what import cf from 'cloudfront' gives.
func (c *call) cloudfrontModule(exports *goja.Object) {
	c.method(exports, "kvs", func(call goja.FunctionCall) goja.Value {
		id := ""
		if !goja.IsUndefined(call.Argument(0)) {
			id = call.Argument(0).String()
		}
		return c.kvs(id)
	})
	if c.isRequest && c.env.Location != nil {
		location := c.vm.NewObject()
		c.must(location.Set("name", c.env.Location.Name))
		c.must(location.Set("serverIp", c.env.Location.ServerIP))
		c.must(location.Set("region", c.env.Location.Region))
		c.must(exports.Set("edgeLocation", location))
	}
	c.must(exports.DefineAccessorProperty("distributionTenant", c.vm.ToValue(func(goja.FunctionCall) goja.Value {
		return c.tenant()
	}), nil, goja.FLAG_TRUE, goja.FLAG_TRUE))
	c.must(exports.DefineAccessorProperty("cwt", c.vm.ToValue(func(goja.FunctionCall) goja.Value {
		panic(c.vm.NewTypeError("the cwt module is not supported by Drawbridge"))
	}), nil, goja.FLAG_TRUE, goja.FLAG_TRUE))
	c.method(exports, "updateRequestOrigin", func(call goja.FunctionCall) goja.Value {
		update := new(OriginUpdate)
		c.read(call.Argument(0), update)
		c.certificateNames(update.AllowedCertificateNames)
		c.setOrigin(&OriginChange{Update: update})
		return goja.Undefined()
	})
	c.method(exports, "selectRequestOriginById", func(call goja.FunctionCall) goja.Value {
		chosen := new(OriginSelect)
		if !goja.IsUndefined(call.Argument(1)) {
			c.read(call.Argument(1), chosen)
		}
		chosen.OriginID = c.text(call.Argument(0)).String()
		c.certificateNames(chosen.AllowedCertificateNames)
		c.setOrigin(&OriginChange{Select: chosen})
		return goja.Undefined()
	})
	c.method(exports, "createRequestOriginGroup", func(call goja.FunctionCall) goja.Value {
		group := new(OriginGroup)
		c.read(call.Argument(0), group)
		if len(group.OriginIDs) != 2 || len(group.FailoverCriteria.StatusCodes) == 0 {
			panic(c.vm.NewTypeError("an origin group needs two originIds and failoverCriteria.statusCodes"))
		}
		c.setOrigin(&OriginChange{Group: group})
		return goja.Undefined()
	})
}

func (c *call) setOrigin(change *OriginChange) {
	if !c.isRequest {
		panic(c.vm.NewTypeError("origins can be changed in a viewer-request only"))
	}
	c.origin = change
}

func (c *call) certificateNames(names []string) {
	if len(names) > maxCertificateNames {
		panic(c.vm.NewTypeError("allowedCertificateNames has too many names"))
	}
	for _, name := range names {
		if len(name) > maxCertificateName {
			panic(c.vm.NewTypeError("a name of allowedCertificateNames is too long"))
		}
	}
}

// read puts an object into a Go struct; a member that it does not have is an
// error, so that a misspelt one does not go unseen.
func (c *call) read(value goja.Value, into any) {
	stringify, ok := goja.AssertFunction(c.vm.Get("JSON").ToObject(c.vm).Get("stringify"))
	if _, isObject := value.(*goja.Object); !ok || !isObject {
		panic(c.vm.NewTypeError("argument is no object"))
	}
	text, err := stringify(goja.Undefined(), value)
	c.must(err)
	decoder := json.NewDecoder(bytes.NewReader([]byte(text.String())))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		panic(c.vm.NewTypeError("argument is not valid: " + shorten(err.Error())))
	}
}

// kvs is a handle on a key value store. Its functions answer promises that are
// already fulfilled.
func (c *call) kvs(id string) goja.Value {
	var store *KeyValues
	if c.env.KVS != nil {
		store, _ = c.env.KVS(id)
	}
	if store == nil {
		panic(c.vm.NewTypeError("the KeyValueStore is not associated with this function"))
	}
	handle := c.vm.NewObject()
	c.promising(handle, "get", func(call goja.FunctionCall) (any, string) {
		key := c.text(call.Argument(0)).String()
		value, found := store.Get(key)
		if !found {
			return nil, "the key was not found"
		}
		format := "string"
		if options, ok := call.Argument(1).(*goja.Object); ok {
			if wanted := options.Get("format"); wanted != nil {
				format = wanted.String()
			}
		}
		return c.formatted(value, format)
	})
	c.promising(handle, "exists", func(call goja.FunctionCall) (any, string) {
		_, found := store.Get(c.text(call.Argument(0)).String())
		return found, ""
	})
	c.promising(handle, "meta", func(goja.FunctionCall) (any, string) {
		meta := c.vm.NewObject()
		c.must(meta.Set("creationDateTime", store.Created.UTC().Format(time.RFC3339)))
		c.must(meta.Set("lastUpdatedDateTime", store.Modified.UTC().Format(time.RFC3339)))
		c.must(meta.Set("keyCount", store.Keys))
		return meta, ""
	})
	return handle
}

// formatted gives a stored value as a function asked for it.
func (c *call) formatted(value, format string) (any, string) {
	switch format {
	case "string":
		return value, ""
	case "json":
		parse, _ := goja.AssertFunction(c.vm.Get("JSON").ToObject(c.vm).Get("parse"))
		parsed, err := parse(goja.Undefined(), c.vm.ToValue(value))
		if err != nil {
			return nil, "the value is no JSON"
		}
		return parsed, ""
	case "bytes":
		return c.adopt(c.bufferClass(), c.arrayBuffer([]byte(value))), ""
	}
	return nil, "unknown format: " + shorten(format)
}

// promising sets a method whose answer, or error text, comes as a promise.
func (c *call) promising(on *goja.Object, name string, f func(goja.FunctionCall) (any, string)) {
	c.method(on, name, func(call goja.FunctionCall) goja.Value {
		c.check()
		promise, resolve, reject := c.vm.NewPromise()
		answer, failure := f(call)
		if failure != "" {
			c.must(reject(c.newError(failure)))
		} else {
			c.must(resolve(answer))
		}
		return c.vm.ToValue(promise)
	})
}

func (c *call) newError(text string) goja.Value {
	constructor, _ := goja.AssertConstructor(c.vm.Get("Error"))
	made, err := constructor(nil, c.vm.ToValue(text))
	c.must(err)
	return made
}

// tenant is cf.distributionTenant (reference/cloudfront.md 5.2).
func (c *call) tenant() goja.Value {
	if c.env.Tenant == nil {
		panic(c.vm.NewTypeError("distributionTenant module is not available"))
	}
	tenant, parameters := c.vm.NewObject(), c.vm.NewObject()
	c.must(tenant.Set("id", c.env.Tenant.ID))
	c.must(tenant.Set("parameters", parameters))
	c.method(parameters, "get", func(call goja.FunctionCall) goja.Value {
		value, ok := c.env.Tenant.Parameters[call.Argument(0).String()]
		if !ok {
			panic(c.newError(fmt.Sprintf("DistributionTenantParameterKeyNotFound: %s", shorten(call.Argument(0).String()))))
		}
		return c.vm.ToValue(value)
	})
	return tenant
}
