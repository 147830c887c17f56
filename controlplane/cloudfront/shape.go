package cloudfront

import (
	"reflect"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// payloadShape is the shape of the document an operation takes.
func payloadShape(operation string) *api.Shape {
	for _, member := range cloudfrontapi.Table.Operation(operation).Input.Members {
		if member.In == api.InPayload {
			return member.Type.Shape
		}
	}
	panic("BUG: " + operation + " takes no document")
}

// requiredMembers refuses a document that lacks members the model requires.
// Lists have rules of their own, which know how many items are needed.
func requiredMembers(operation string, document any) error {
	if name := missing(payloadShape(operation), reflect.ValueOf(document).Elem()); name != "" {
		return badParameter("%s is required.", name)
	}
	return nil
}

// missing returns the name of the first required member that v lacks; field i
// of the Go type is member i of the shape.
func missing(shape *api.Shape, v reflect.Value) string {
	for i := range shape.Members {
		member, field := &shape.Members[i], v.Field(i)
		switch {
		case member.Name == "Items" && member.Type.Item.Shape != nil:
			for k := range field.Len() {
				if name := missing(member.Type.Item.Shape, field.Index(k)); name != "" {
					return name
				}
			}
		case field.IsNil():
			if member.Required && member.Name != "Items" {
				return member.Name
			}
		case member.Type.Shape != nil:
			if name := missing(member.Type.Shape, field.Elem()); name != "" {
				return name
			}
		}
	}
	return ""
}

// quantities refuses a document with a list that is not as long as it says,
// and takes away empty lists: AWS leaves out Items where Quantity is 0
// (reference/cloudfront.md 1.2).
func quantities(document any) error {
	if !consistent(reflect.ValueOf(document).Elem()) {
		return cloudfrontapi.InconsistentQuantities("The value of Quantity and the size of Items don't match.")
	}
	return nil
}

func consistent(v reflect.Value) bool {
	items := v.FieldByName("Items")
	if quantity := v.FieldByName("Quantity"); items.IsValid() && quantity.IsValid() {
		said, isNumber := quantity.Interface().(*int32)
		if isNumber && int(value(said)) != items.Len() {
			return false
		}
		if items.Len() == 0 {
			items.SetZero()
		}
	}
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case field.Kind() == reflect.Pointer && !field.IsNil() && field.Elem().Kind() == reflect.Struct:
			if field.Elem().Type().PkgPath() == v.Type().PkgPath() && !consistent(field.Elem()) {
				return false
			}
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for k := range field.Len() {
				if !consistent(field.Index(k)) {
					return false
				}
			}
		}
	}
	return true
}
