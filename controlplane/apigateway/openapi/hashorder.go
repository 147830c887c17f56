package openapi

import (
	"slices"
	"unicode/utf16"
)

// HashOrder sorts keys as a java.util.HashMap iterates over them (table of a
// power of two at load 0.75; within a bucket as given). AWS's exports have this
// order wherever it keeps a map: the recorded "/pets", "/pets/{petId}", "/" and
// "Pets", "Empty", "NewPetResponse", "Pet", "NewPet", "PetType" are exactly it
// (vectors/apigateway-control-export.json). It sorts in place.
func HashOrder(keys []string) []string {
	table := uint32(16)
	for uint32(len(keys))*4 > table*3 {
		table *= 2
	}
	type slot struct {
		key    string
		bucket uint32
	}
	slots := make([]slot, len(keys))
	for i, key := range keys {
		h := javaHash(key)
		slots[i] = slot{key, (h ^ h>>16) & (table - 1)}
	}
	slices.SortStableFunc(slots, func(a, b slot) int { return int(a.bucket) - int(b.bucket) })
	for i := range slots {
		keys[i] = slots[i].key
	}
	return keys
}

// javaHash is java.lang.String.hashCode.
func javaHash(s string) uint32 {
	var h uint32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + uint32(unit)
	}
	return h
}
