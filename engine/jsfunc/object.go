package jsfunc

import (
	"github.com/dop251/goja"
)

// member is a member of an object that is built.
type member struct {
	name  string
	value any
}

func (c *call) object(members ...member) *goja.Object {
	object := c.vm.NewObject()
	for _, m := range members {
		c.must(object.Set(m.name, m.value))
	}
	return object
}

// eventObject builds the handler's argument (reference/cloudfront.md 5.2).
func (c *call) eventObject(event *Event) goja.Value {
	context := c.object()
	for _, m := range []member{
		{"distributionDomainName", event.Context.DistributionDomainName}, {"endpoint", event.Context.Endpoint},
		{"distributionId", event.Context.DistributionID}, {"eventType", event.Context.EventType}, {"requestId", event.Context.RequestID},
	} {
		if m.value != "" {
			c.must(context.Set(m.name, m.value))
		}
	}
	root := c.object(
		member{"version", "1.0"}, member{"context", context},
		member{"viewer", c.object(member{"ip", event.ViewerIP})},
		member{"request", c.requestObject(event.Request)},
	)
	if response := event.Response; response != nil {
		c.must(root.Set("response", c.object(
			member{"statusCode", response.StatusCode}, member{"statusDescription", response.StatusDescription},
			member{"headers", c.fieldsObject(response.Headers)}, member{"cookies", c.fieldsObject(response.Cookies)},
		)))
	}
	return root
}

func (c *call) requestObject(request *Request) *goja.Object {
	object := c.object(
		member{"method", request.Method}, member{"uri", request.URI}, member{"querystring", c.fieldsObject(request.Query)},
		member{"headers", c.fieldsObject(request.Headers)}, member{"cookies", c.fieldsObject(request.Cookies)},
	)
	if c.function.modern {
		c.method(object, "rawQueryString", func(goja.FunctionCall) goja.Value {
			if request.RawQuery == nil {
				return goja.Undefined()
			}
			return c.vm.ToValue(*request.RawQuery)
		})
	}
	return object
}

// fieldsObject is {"name": {"value": "…"}}, with multiValue where there are
// several values.
func (c *call) fieldsObject(fields []Field) *goja.Object {
	object := c.vm.NewObject()
	for _, field := range fields {
		if len(field.Values) == 0 || Hidden(field.Name) {
			continue
		}
		one := func(v FieldValue) *goja.Object {
			made := c.object(member{"value", v.Value})
			if v.Attributes != "" {
				c.must(made.Set("attributes", v.Attributes))
			}
			return made
		}
		made := one(field.Values[0])
		if len(field.Values) > 1 {
			several := make([]any, len(field.Values))
			for i, v := range field.Values {
				several[i] = one(v)
			}
			c.must(made.Set("multiValue", c.vm.NewArray(several...)))
		}
		c.must(object.DefineDataProperty(field.Name, made, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	}
	return object
}
