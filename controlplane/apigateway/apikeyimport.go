package apigateway

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const (
	maxKeyFile      = 6 << 20
	minImportedKey  = 30  // reference/api-gateway.md 4.2
	keysPerTransact = 100 // each takes at most 2 records and 10 plans
	maxImportNotes  = 100
)

// importedKey is a row of an API key file.
type importedKey struct {
	row               int
	name, value, text string
	enabled           bool
	plans             []string
}

// keyFile is what an API key file says.
type keyFile struct {
	keys     []importedKey
	warnings []string
}

func (f *keyFile) warn(row int, format string, args ...any) {
	if len(f.warnings) < maxImportNotes {
		f.warnings = append(f.warnings, fmt.Sprintf("Row %d: ", row)+fmt.Sprintf(format, args...))
	}
}

// parseKeyFile reads the API key file format: a header row with the columns in
// any order and case; Name and Key are required, unknown columns are passed
// over (reference/api-gateway.md 4.2). A row that cannot be used is a warning.
func parseKeyFile(body []byte, most int) (*keyFile, error) {
	if len(body) > maxKeyFile {
		return nil, badRequest("The API key file can take at most %d bytes", maxKeyFile)
	}
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	reader.FieldsPerRecord, reader.TrimLeadingSpace = -1, true
	header, err := reader.Read()
	if err != nil {
		return nil, badRequest("Invalid API key file: it has no header row")
	}
	column := map[string]int{}
	for i, name := range header {
		column[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"name", "key"} {
		if _, ok := column[name]; !ok {
			return nil, badRequest("Invalid API key file: the column '%s' is missing", name)
		}
	}
	file := &keyFile{}
	for row := 2; ; row++ {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return file, nil
		}
		if err != nil {
			return nil, badRequest("Invalid API key file: row %d cannot be read", row)
		}
		cell := func(name string) string {
			if i, ok := column[name]; ok && i < len(fields) {
				return strings.TrimSpace(fields[i])
			}
			return ""
		}
		if key, why := newImportedKey(row, cell); why != "" {
			file.warn(row, "%s", why)
		} else if file.keys = append(file.keys, key); len(file.keys) > most {
			return nil, tooMany("API keys", "account")
		}
	}
}

// newImportedKey makes a key of a row; why says what is wrong with it.
func newImportedKey(row int, cell func(string) string) (key importedKey, why string) {
	key = importedKey{row: row, name: cell("name"), value: cell("key"), text: cell("description")}
	switch strings.ToLower(cell("enabled")) {
	case "", "true":
		key.enabled = true
	case "false":
	default:
		return key, "Enabled must be true or false"
	}
	for id := range strings.SplitSeq(cell("usageplanids"), ",") {
		if id = strings.TrimSpace(id); id != "" {
			key.plans = append(key.plans, id)
		}
	}
	n := utf8.RuneCountInString(key.value)
	for _, err := range []error{checkKeyName(key.name), checkKeyDescription(key.text)} {
		if err != nil {
			return key, messageOf(err)
		}
	}
	switch {
	case key.name == "":
		return key, "Name must not be empty"
	case n < minImportedKey || n > maxKeyValue:
		return key, fmt.Sprintf("Key must be between %d and %d characters", minImportedKey, maxKeyValue)
	case checkKeyValue(key.value) != nil:
		return key, "Key contains characters that no header can carry"
	case len(key.plans) > maxPlansInRow:
		return key, "UsageplanIds names too many usage plans"
	}
	return key, ""
}

const maxPlansInRow = 10

// messageOf is what a client may be told of an error.
func messageOf(err error) string {
	var e *api.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "Internal failure"
}

// ImportApiKeys takes the keys of a file over. A key whose value is known
// already is overwritten. Warnings fail the whole import if that is asked for,
// before anything is written; else the rows they are about are left out.
func (s *Service) ImportApiKeys(call *api.Call, in *apigatewayapi.ImportApiKeysRequest) (*apigatewayapi.ApiKeyIds, error) {
	file, err := parseKeyFile(in.Body, s.limits.Keys)
	if err != nil {
		return nil, err
	}
	if err := s.checkKeyPlans(call, file); err != nil {
		return nil, err
	}
	if len(file.warnings) > 0 && val(in.FailOnWarnings) {
		return nil, badRequest("Warnings found during import: %s", joinWarnings(file.warnings))
	}
	n, err := count(call, s.store, Prefix(call.Account, call.Region, KindKeyValue))
	if err != nil {
		return nil, err
	}
	if n+len(file.keys) > s.limits.Keys {
		return nil, tooMany("API keys", "account")
	}
	out := &apigatewayapi.ApiKeyIds{Ids: []string{}}
	for rest := file.keys; len(rest) > 0; {
		batch := rest[:min(keysPerTransact, len(rest))]
		rest = rest[len(batch):]
		ids, err := s.importKeys(call, batch, file)
		if err != nil {
			return nil, err
		}
		out.Ids = append(out.Ids, ids...)
	}
	out.Warnings = file.warnings
	return out, nil
}

// checkKeyPlans warns of usage plans that do not exist, and forgets them.
func (s *Service) checkKeyPlans(call *api.Call, file *keyFile) error {
	known := map[string]bool{}
	plans, err := s.plans(call)
	if err != nil {
		return err
	}
	for i := range plans {
		known[val(plans[i].Id)] = true
	}
	for i := range file.keys {
		key := &file.keys[i]
		kept := key.plans[:0]
		for _, id := range key.plans {
			if known[id] {
				kept = append(kept, id)
			} else {
				file.warn(key.row, "Invalid Usage Plan ID specified: %s", id)
			}
		}
		key.plans = kept
	}
	return nil
}

// importKeys writes some keys in one transaction.
func (s *Service) importKeys(call *api.Call, keys []importedKey, file *keyFile) (ids []string, err error) {
	err = s.write(call, keyRef(call, "").Key(), func(t *tx) error {
		ids = ids[:0]
		joined := map[string]map[string]bool{} // plans by key id, made by this transaction
		for i := range keys {
			id, err := s.importKey(call, t, &keys[i])
			if err != nil {
				return err
			}
			ids = append(ids, id)
			if joined[id] == nil {
				joined[id] = map[string]bool{}
			}
			for _, plan := range keys[i].plans {
				if joined[id][plan] {
					continue
				}
				joined[id][plan] = true
				if err := s.importPlanKey(call, t, plan, id); err != nil {
					file.warn(keys[i].row, "%s", messageOf(err))
				}
			}
		}
		return nil
	})
	return ids, err
}

// importKey writes one key and answers its id.
func (s *Service) importKey(call *api.Call, t *tx, in *importedKey) (string, error) {
	valueRef := keyValueRef(call, in.value)
	known, err := readPending[KeyValueRecord](t, valueRef)
	if err != nil {
		return "", err
	}
	rec := &KeyRecord{Key: apigatewayapi.ApiKey{
		Id: new(s.newID(apiIDLength)), Value: new(in.value), StageKeys: []string{}, CreatedDate: seconds(call.Now),
	}}
	if known != nil {
		have, err := readPending[KeyRecord](t, keyRef(call, known.KeyID))
		if err != nil {
			return "", err
		}
		if have != nil {
			rec = have
		}
	} else if taken, err := read[KeyRecord](t, keyRef(call, *rec.Key.Id)); err != nil {
		return "", err
	} else if taken != nil {
		return "", apigatewayapi.ConflictException("API Key already exists")
	}
	k := &rec.Key
	k.Name, k.Description, k.Enabled, k.LastUpdatedDate = new(in.name), filled(new(in.text)), new(in.enabled), seconds(call.Now)
	if err := t.put(valueRef, KeyValueRecord{KeyID: *k.Id}); err != nil {
		return "", err
	}
	return *k.Id, t.put(keyRef(call, *k.Id), rec)
}

// readPending is read, but sees what the transaction is about to write.
func readPending[T any](t *tx, ref Ref) (*T, error) {
	if value, ok := t.puts[ref.Key()]; ok {
		return decode[T](ref.Key(), value)
	}
	return read[T](t, ref)
}

// importPlanKey puts a key into a usage plan; one that it is in already is
// fine.
func (s *Service) importPlanKey(call *api.Call, t *tx, planID, keyID string) error {
	plan, err := read[PlanRecord](t, planRef(call, planID))
	if err != nil {
		return err
	}
	if plan == nil {
		return noPlan()
	}
	member, err := read[PlanKeyRecord](t, planKeyRef(call, planID, keyID))
	if err != nil || member != nil {
		return err
	}
	if err := s.checkKeyJoin(call, keyID, &plan.Plan); err != nil {
		return err
	}
	t.touch(planRef(call, planID))
	return t.put(planKeyRef(call, planID, keyID), PlanKeyRecord{KeyID: keyID, Type: keyTypeAPIKey})
}
