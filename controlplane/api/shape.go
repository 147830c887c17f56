package api

// Protocol is a service's wire protocol.
type Protocol string

// The protocols of the services here.
const (
	RestJSON Protocol = "rest-json"
	RestXML  Protocol = "rest-xml"
	Query    Protocol = "query"
	JSON11   Protocol = "json-1.1"
)

// Kind is the type of a value on the wire.
type Kind uint8

// The kinds, with the Go type of a member of that kind.
const (
	KindString    Kind = iota + 1 // *string
	KindBoolean                   // *bool
	KindInteger                   // *int32
	KindLong                      // *int64
	KindFloat                     // *float32
	KindDouble                    // *float64
	KindTimestamp                 // *time.Time
	KindBlob                      // []byte
	KindList                      // []T
	KindMap                       // map[string]T, sparse: map[string]*T
	KindStructure                 // *T; T in lists and maps
)

// Location is where a member of an input or output travels.
type Location uint8

// The locations of the HTTP bindings. Label, Query and QueryMap mean
// the body when the shape is an output.
const (
	InBody       Location = iota
	InLabel               // a {label} of the URI
	InQuery               // a query parameter
	InQueryMap            // all query parameters that no other member names
	InHeader              // one header
	InPayload             // the member is the whole body
	InStatusCode          // the HTTP status
)

// TimestampFormat overrides the protocol's format of a timestamp.
type TimestampFormat uint8

// The formats of timestamps.
const (
	FormatDefault  TimestampFormat = iota
	FormatDateTime                 // 2006-01-02T15:04:05Z
	FormatHTTPDate                 // Mon, 02 Jan 2006 15:04:05 GMT
	FormatEpoch                    // seconds since 1970
)

// Type describes one value: a scalar, or a collection with its items, or a
// structure with its shape.
type Type struct {
	Kind     Kind
	Format   TimestampFormat
	Item     *Type  // of a list's items or a map's values
	ItemName string // XML element name of a list's items; "" means "member"
	Sparse   bool   // a map that keeps null values
	Shape    *Shape // of a structure
}

// Member is one member of a structure. The Go field of member i is the
// struct's field i.
type Member struct {
	Name     string // AWS's spelling: "restApiId"
	Wire     string // name at its place on the wire: query key, header name, JSON key, XML element
	In       Location
	Type     Type
	Required bool // on input

	// Enum holds the values allowed for the string, or for the strings in the
	// list, in the order in which AWS's validation errors show them.
	Enum []string
	// Pattern is the regular expression a string must match as a whole.
	Pattern string

	IdempotencyToken bool
	Sensitive        bool // never in a log
}

// Shape describes one structure of the model.
type Shape struct {
	Name    string // AWS's shape name, also the Go type's name
	Union   bool   // at most one member is set
	Members []Member
	New     func() any // a pointer to a new value of the Go type
}

// Operation is one operation of a service.
type Operation struct {
	Name   string
	Method string // HTTP method
	URI    string // "/restapis/{restApiId}", with fixed query: "/2020-05-31/tagging?Operation=Tag"
	Status int    // HTTP status of success

	Input  *Shape   // nil: no input
	Output *Shape   // nil: an empty answer
	Errors []string // codes the model lists

	// Invoke calls the operation's method of svc, an implementation of the
	// service's interface, with a pointer to the Go type of Input. The answer
	// is a pointer to the Go type of Output, or nil.
	Invoke func(svc any, call *Call, in any) (any, error)
}

// ErrorCode is one modelled error.
type ErrorCode struct {
	Code   string
	Status int
}

// Service is the table of one AWS service.
type Service struct {
	Name         string // signing name
	ID           string // "API Gateway"
	Version      string // "2015-07-09"
	Protocol     Protocol
	XMLNamespace string
	Operations   []Operation // sorted by name
	Errors       []ErrorCode // sorted by code

	// Implements tells whether svc has the methods that Invoke calls.
	Implements func(svc any) bool
}

// Operation gives the operation of that name, nil if there is none.
func (s *Service) Operation(name string) *Operation {
	for i := range s.Operations {
		if s.Operations[i].Name == name {
			return &s.Operations[i]
		}
	}
	return nil
}
