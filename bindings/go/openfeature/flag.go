// SPDX-License-Identifier: MIT

package openfeature

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync"

	envres "envres.dev/go"
	of "github.com/open-feature/go-sdk/openfeature"
)

// flag is a flag as the snapshot has it: the text of its value, or why there is none.
type flag struct {
	text     string
	isPlain  bool // a string as it is; else JSON
	variant  string
	reason   of.Reason
	metadata map[string]interface{}
}

// snapshot is a scope, and the flags that were read from it.
type snapshot struct {
	scope *envres.Scope
	flags sync.Map
}

func newSnapshot(scope *envres.Scope) *snapshot { return &snapshot{scope: scope} }

// metadata is that of the snapshot and of a flag, of the caller's own to change.
func (s *snapshot) metadata(more map[string]interface{}) of.FlagMetadata {
	about := of.FlagMetadata{"environment": s.scope.Environment(), "revision": s.scope.Revision()}
	if s.scope.App() != "" {
		about["app"], about["version"], about["release"] = s.scope.App(), s.scope.Version(), s.scope.Release()
	}
	for name, value := range more {
		about[name] = value
	}
	return about
}

func (s *snapshot) flag(key, name string) (flag, of.Reason, *of.ResolutionError) {
	if found, ok := s.flags.Load(key); ok {
		return found.(flag), of.CachedReason, nil
	}
	found, failure := read(s.scope, name, key)
	if failure == nil && found.reason == "" {
		s.flags.Store(key, found)
	}
	return found, of.StaticReason, failure
}

func general(message string) *of.ResolutionError {
	err := of.NewGeneralResolutionError(message)
	return &err
}

func broken(message string) *of.ResolutionError {
	err := of.NewParseErrorResolutionError(message)
	return &err
}

// read reads the flag of a variable.
func read(scope *envres.Scope, name, key string) (flag, *of.ResolutionError) {
	index, err := scope.Find(name)
	text := ""
	if err == nil {
		if scope.IsSecret(index) {
			return flag{}, general("the variable '" + name + "' is a secret, and no flag")
		}
		text, err = scope.At(index)
	}
	switch {
	case errors.Is(err, envres.CodeNotSet):
		return flag{reason: of.DisabledReason}, nil
	case errors.Is(err, envres.ErrNotFound), errors.Is(err, envres.ErrName):
		failure := of.NewFlagNotFoundResolutionError("there is no flag '" + key + "'")
		return flag{}, &failure
	case err != nil:
		return flag{}, general(err.Error())
	}
	kind := scope.Type(index)
	if kind != envres.TypeJSON {
		return flag{text: text, isPlain: kind == envres.TypeString || kind == envres.TypeTemplate}, nil
	}
	var members map[string]json.RawMessage
	var variants map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) == nil && members["variants"] != nil &&
		json.Unmarshal(members["variants"], &variants) == nil && variants != nil {
		return definition(members, variants, key)
	}
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		failure := of.NewTypeMismatchResolutionError("the flag '" + key + "' is neither object nor array")
		return flag{}, &failure
	}
	return flag{text: text}, nil
}

// definition reads a flag in flagd's form.
func definition(members, variants map[string]json.RawMessage, key string) (flag, *of.ResolutionError) {
	state, found := "ENABLED", flag{}
	var variant *string
	for name, into := range map[string]interface{}{"state": &state, "defaultVariant": &variant, "metadata": &found.metadata} {
		if members[name] != nil && json.Unmarshal(members[name], into) != nil {
			return flag{}, broken("the definition of the flag '" + key + "' is broken")
		}
	}
	for _, value := range found.metadata {
		switch value.(type) {
		case bool, float64, string:
		default:
			return flag{}, broken("the metadata of the flag '" + key + "' is broken")
		}
	}
	switch {
	case state == "DISABLED":
		found.reason = of.DisabledReason
	case state != "ENABLED":
		return flag{}, broken("the state of the flag '" + key + "' is broken")
	case variant == nil:
		found.reason = of.DefaultReason
	case variants[*variant] == nil:
		return flag{}, broken("the flag '" + key + "' has no variant of the name that is its default")
	default:
		found.text, found.variant = string(variants[*variant]), *variant
	}
	return found, nil
}

// ---- values in their types ---------------------------------------------------------------------

func boolean(f flag) (bool, bool) {
	return f.text == "true", !f.isPlain && (f.text == "true" || f.text == "false")
}

func str(f flag) (string, bool) {
	if f.isPlain {
		return f.text, true
	}
	var value *string
	if json.Unmarshal([]byte(f.text), &value) != nil || value == nil {
		return "", false
	}
	return *value, true
}

// number says whether the text is a JSON number.
func number(f flag) bool {
	return !f.isPlain && f.text != "" && strings.ContainsAny(f.text[:1], "-0123456789")
}

func integer(f flag) (int64, bool) {
	value, err := strconv.ParseInt(f.text, 10, 64)
	return value, number(f) && err == nil
}

func float(f flag) (float64, bool) {
	value, err := strconv.ParseFloat(f.text, 64)
	if !number(f) || err != nil || math.IsInf(value, 0) {
		return 0, false
	}
	if strings.ContainsAny(f.text, ".eE") {
		return value, true
	}
	// 2^63 itself is no int64, and the conversion of it says nothing.
	exact, ok := integer(f)
	return value, ok && math.Abs(value) < 1<<63 && int64(value) == exact
}

func object(f flag) (interface{}, bool) {
	if f.isPlain || !strings.HasPrefix(f.text, "{") && !strings.HasPrefix(f.text, "[") {
		return nil, false
	}
	var value interface{}
	err := json.Unmarshal([]byte(f.text), &value)
	return value, err == nil
}
