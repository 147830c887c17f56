package apigateway

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// child is a kind of thing that lies by id in an API's draft and has the life
// that most of them have: authorizers, request validators, documentation parts.
type child[C any] struct {
	in      func(*APIRecord) *map[string]C
	missing func() error // for an unknown id, and mostly for an unknown API
}

func authorizerChildren() child[apigatewayapi.Authorizer] {
	return child[apigatewayapi.Authorizer]{
		func(r *APIRecord) *map[string]apigatewayapi.Authorizer { return &r.Authorizers }, noAuthorizer,
	}
}

func validatorChildren() child[apigatewayapi.RequestValidator] {
	return child[apigatewayapi.RequestValidator]{
		func(r *APIRecord) *map[string]apigatewayapi.RequestValidator { return &r.RequestValidators }, noValidator,
	}
}

func documentationChildren() child[apigatewayapi.DocumentationPart] {
	return child[apigatewayapi.DocumentationPart]{
		func(r *APIRecord) *map[string]apigatewayapi.DocumentationPart { return &r.DocumentationParts }, noDocumentationPart,
	}
}

// childRef names a child as requests do.
type childRef struct{ api, id *string }

// add puts a child into a draft under a new id, which setID gets.
func (k child[C]) add(s *Service, rec *APIRecord, made *C, setID func(*C, *string)) error {
	all := k.in(rec)
	id, err := freshChildID(s, *all)
	if err != nil {
		return err
	}
	setID(made, new(id))
	if *all == nil {
		*all = map[string]C{}
	}
	(*all)[id] = *made
	return nil
}

// get reads a child.
func (k child[C]) get(s *Service, call *api.Call, at childRef) (*C, error) {
	rec, err := s.loadAPI(call, val(at.api), k.missing())
	if err != nil {
		return nil, err
	}
	out, ok := (*k.in(rec))[val(at.id)]
	if !ok {
		return nil, k.missing()
	}
	return &out, nil
}

// change edits a child; what edit leaves is stored and given back.
func (k child[C]) change(s *Service, call *api.Call, at childRef, edit func(*C) error) (*C, error) {
	var out C
	err := s.editAPI(call, val(at.api), k.missing(), func(rec *APIRecord) error {
		all := *k.in(rec)
		found, ok := all[val(at.id)]
		if !ok {
			return k.missing()
		}
		if err := edit(&found); err != nil {
			return err
		}
		all[val(at.id)], out = found, found
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// removal is a child that is to go.
type removal struct {
	childRef
	noAPI error                      // for an unknown API
	used  func(rec *APIRecord) error // refuses; nil: nothing uses children of this kind
}

// remove deletes a child that nothing uses.
func (k child[C]) remove(s *Service, call *api.Call, r removal) error {
	return s.editAPI(call, val(r.api), r.noAPI, func(rec *APIRecord) error {
		all := *k.in(rec)
		if _, ok := all[val(r.id)]; !ok {
			return k.missing()
		}
		if r.used != nil {
			if err := r.used(rec); err != nil {
				return err
			}
		}
		delete(all, val(r.id))
		return nil
	})
}
