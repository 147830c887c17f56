package apigateway

import (
	"slices"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const (
	maxKeyName        = 1024
	maxKeyDescription = 125_000
	minKeyValue       = 20
	maxKeyValue       = 128
)

func keyRef(call *api.Call, id string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindKey, ID: id}
}

func keyValueRef(call *api.Call, value string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindKeyValue, ID: ValueHash(value)}
}

func noKey() error {
	return apigatewayapi.NotFoundException("Invalid API Key identifier specified")
}

func checkKeyName(name string) error {
	if utf8.RuneCountInString(name) > maxKeyName {
		return badRequest("Invalid API Key name, can be at most %d characters.", maxKeyName)
	}
	return nil
}

func checkKeyDescription(description string) error {
	if utf8.RuneCountInString(description) > maxKeyDescription {
		return badRequest("Invalid API Key description specified.")
	}
	return nil
}

func checkKeyValue(value string) error {
	switch n := utf8.RuneCountInString(value); {
	case n < minKeyValue:
		return badRequest("API Key value should be at least %d characters", minKeyValue)
	case n > maxKeyValue:
		return badRequest("API Key value exceeds maximum size of %d characters", maxKeyValue)
	}
	for _, c := range []byte(value) {
		// The value travels in a header field (RFC 9110 section 5.5).
		if c < 0x20 || c == 0x7f {
			return badRequest("API Key value contains characters that no header can carry")
		}
	}
	return nil
}

// newKey checks the input and fills in the defaults; id and value are left to
// the caller when they are not given.
func (s *Service) newKey(call *api.Call, in *apigatewayapi.CreateApiKeyRequest) (apigatewayapi.ApiKey, error) {
	out := apigatewayapi.ApiKey{
		Value: filled(in.Value), Name: filled(in.Name), CustomerId: filled(in.CustomerId),
		Description: filled(in.Description), Enabled: new(val(in.Enabled)), StageKeys: []string{},
		CreatedDate: seconds(call.Now), LastUpdatedDate: seconds(call.Now),
	}
	if err := checkKeyName(val(in.Name)); err != nil {
		return out, err
	}
	if err := checkKeyDescription(val(in.Description)); err != nil {
		return out, err
	}
	if out.Value != nil {
		if err := checkKeyValue(*out.Value); err != nil {
			return out, err
		}
	}
	if len(in.StageKeys) > s.limits.RestAPIs {
		return out, tooMany("stages", "API key")
	}
	for _, key := range in.StageKeys {
		out.StageKeys = append(out.StageKeys, val(key.RestApiId)+"/"+val(key.StageName))
	}
	tags, err := s.checkTags(in.Tags)
	out.Tags = tags
	return out, err
}

// CreateApiKey makes an API key; a value belongs to one key only.
func (s *Service) CreateApiKey(call *api.Call, in *apigatewayapi.CreateApiKeyRequest) (*apigatewayapi.ApiKey, error) {
	draft, err := s.newKey(call, in)
	if err != nil {
		return nil, err
	}
	wanted, err := wantedID(in.Tags, customID)
	if err != nil {
		return nil, err
	}
	n, err := count(call, s.store, Prefix(call.Account, call.Region, KindKeyValue))
	if err != nil {
		return nil, err
	}
	if n >= s.limits.Keys {
		return nil, tooMany("API keys", "account")
	}
	var made apigatewayapi.ApiKey
	err = s.write(call, keyRef(call, "").Key(), func(t *tx) error {
		made = draft
		if made.Value == nil {
			made.Value = new(s.newKeyValue())
		}
		made.Id = new(wanted)
		if wanted == "" {
			made.Id = new(s.newID(apiIDLength))
		}
		taken, err := read[KeyRecord](t, keyRef(call, *made.Id))
		if err != nil {
			return err
		}
		sameValue, err := read[KeyValueRecord](t, keyValueRef(call, *made.Value))
		if err != nil {
			return err
		}
		if taken != nil || sameValue != nil {
			return apigatewayapi.ConflictException("API Key already exists")
		}
		if err := t.put(keyValueRef(call, *made.Value), KeyValueRecord{KeyID: *made.Id}); err != nil {
			return err
		}
		return t.put(keyRef(call, *made.Id), KeyRecord{Key: made})
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetApiKey answers one key, its value only on request.
func (s *Service) GetApiKey(call *api.Call, in *apigatewayapi.GetApiKeyRequest) (*apigatewayapi.ApiKey, error) {
	rec, err := load[KeyRecord](call, s.store, keyRef(call, val(in.ApiKey)))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, noKey()
	}
	out := rec.Key
	out.Tags = shownTags(out.Tags)
	if !val(in.IncludeValue) {
		out.Value = nil
	}
	return &out, nil
}

// GetApiKeys answers a page of keys whose names begin with nameQuery, by id.
func (s *Service) GetApiKeys(call *api.Call, in *apigatewayapi.GetApiKeysRequest) (*apigatewayapi.ApiKeys, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.ApiKey]{
		prefix: Prefix(call.Account, call.Region, KindKey),
		page:   p,
		item: func(ref Ref, value []byte) (apigatewayapi.ApiKey, bool, error) {
			rec, err := decode[KeyRecord](ref.Key(), value)
			if err != nil {
				return apigatewayapi.ApiKey{}, false, err
			}
			key := rec.Key
			if !val(in.IncludeValues) {
				key.Value = nil
			}
			wanted := strings.HasPrefix(val(key.Name), val(in.NameQuery)) &&
				(in.CustomerId == nil || val(key.CustomerId) == *in.CustomerId)
			return key, wanted, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.ApiKeys{Items: items, Position: next}, nil
}

func keyPatches() patchTable[apigatewayapi.ApiKey] {
	type target = apigatewayapi.ApiKey
	return patchTable[target]{wording: listedWording("/description", "/enabled", "/name", "/customerId"), rules: []rule[target]{
		replaceText("/name", func(k *target) **string { return &k.Name }, checkKeyName),
		replaceText("/description", func(k *target) **string { return &k.Description }, checkKeyDescription),
		replaceText("/customerId", func(k *target) **string { return &k.CustomerId }, nil),
		replaceTruth("/enabled", func(k *target) **bool { return &k.Enabled }),
		// Labels are in AWS's table and in no answer of the API any more.
		{path: "/labels", ops: []op{opAdd, opRemove}, apply: func(*target, *edit) error { return nil }},
		{path: "/stages", ops: []op{opAdd, opRemove}, apply: func(k *target, e *edit) error {
			k.StageKeys = slices.DeleteFunc(k.StageKeys, func(have string) bool { return have == e.text() })
			if e.op == opAdd {
				k.StageKeys = append(k.StageKeys, e.text())
			}
			return nil
		}},
	}}
}

// UpdateApiKey patches a key; the answer has no value
// (reference/api-gateway.md 4.2).
func (s *Service) UpdateApiKey(call *api.Call, in *apigatewayapi.UpdateApiKeyRequest) (*apigatewayapi.ApiKey, error) {
	ref := keyRef(call, val(in.ApiKey))
	var out apigatewayapi.ApiKey
	err := s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[KeyRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noKey()
		}
		if err := keyPatches().apply(&rec.Key, in.PatchOperations); err != nil {
			return err
		}
		rec.Key.LastUpdatedDate = seconds(call.Now)
		out = rec.Key
		return t.put(ref, rec)
	})
	if err != nil {
		return nil, err
	}
	out.Value, out.Tags = nil, shownTags(out.Tags)
	return &out, nil
}

// DeleteApiKey removes a key, also from its usage plans. Whoever puts it into a
// plan meanwhile touches the key, so this is tried again.
func (s *Service) DeleteApiKey(call *api.Call, in *apigatewayapi.DeleteApiKeyRequest) error {
	id := val(in.ApiKey)
	ref := keyRef(call, id)
	return s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[KeyRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noKey()
		}
		plans, err := s.plansOfKey(call, id)
		if err != nil {
			return err
		}
		for _, plan := range plans {
			t.delete(planKeyRef(call, val(plan.Id), id))
		}
		t.delete(keyValueRef(call, val(rec.Key.Value)))
		t.delete(ref)
		return nil
	})
}
