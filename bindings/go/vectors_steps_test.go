// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	envres "envres.dev/go"
)

// The shared vectors of errors and limits, through the public interface: each case is a list of steps on
// a store of its own.

// step is one object of the file; verbs take from it what they need.
type step map[string]json.RawMessage

// text gives a member: a string, a list of [text, times], or {"hex"}; "" where it is absent.
func (v step) text(name string) string {
	var plain string
	var digits struct{ Hex string }
	var pairs [][2]interface{}
	switch {
	case v[name] == nil, json.Unmarshal(v[name], &plain) == nil:
		return plain
	case json.Unmarshal(v[name], &digits) == nil:
		return string(must(hex.DecodeString(digits.Hex)))
	}
	check(json.Unmarshal(v[name], &pairs))
	for _, pair := range pairs {
		plain += strings.Repeat(pair[0].(string), int(pair[1].(float64)))
	}
	return plain
}

func member[T any](v step, name string) (found T) {
	if v[name] != nil {
		check(json.Unmarshal(v[name], &found))
	}
	return found
}

func (v step) yes(name string) bool { return member[bool](v, name) }

func (v step) choice(name string) envres.Choice {
	if v[name] == nil {
		return envres.AsIs
	}
	return yes(v.yes(name))
}

func (v step) maybe(name string) *string {
	if v[name] == nil {
		return nil
	}
	text := v.text(name)
	return &text
}

func (v step) environment() string {
	if v["environment"] == nil {
		return "development"
	}
	return v.text("environment")
}

func (v step) change() envres.Change {
	if v["reason"] == nil {
		return change
	}
	return envres.Change{Reason: v.text("reason")}
}

func (v step) expect() int64 {
	number := member[int64](v, "expect")
	if v["expect"] != nil && number == 0 {
		return envres.Nothing
	}
	return number
}

// keyOf is the raw key of a principal: its name, again and again, to 32 bytes.
func keyOf(name string) envres.Credential {
	return envres.RawKey(strings.Repeat(name, 32)[:32])
}

func (v step) credential() envres.Credential {
	credential := keyOf("owner")
	if v["key"] != nil {
		credential = keyOf(v.text("key"))
	}
	if v["passphrase"] != nil {
		credential = envres.Passphrase(v.text("passphrase"))
		credential.KDFPasses, credential.KDFMemory = member[uint64](v, "passes"), member[uint64](v, "memory")
	} else if v["raw"] != nil {
		credential = envres.RawKey(v.text("raw"))
	}
	credential.Principal = v.text("principal")
	if v["root"] != nil {
		credential.Root = new([32]byte)
		copy(credential.Root[:], must(hex.DecodeString(v.text("root"))))
	}
	return credential
}

// values are params (name -> text), and count of them with a prefix.
func (v step) values(prefix string) envres.Values {
	values := envres.Values{}
	for name, value := range member[map[string]interface{}](v, "params") {
		values[name] = value
	}
	for n := 1; n <= member[int](v, "count"); n++ {
		values[fmt.Sprint(prefix, n)] = "x"
	}
	return values
}

// steps is a store in memory, and a session for each principal that acts.
type steps struct {
	store    *envres.Store
	sessions map[string]*envres.Session
}

func newSteps() *steps {
	return &steps{must(envres.CreateStore("", keyOf("owner"), relaxed)), map[string]*envres.Session{}}
}

func (r *steps) close() {
	for _, session := range r.sessions {
		check(session.Close())
	}
	check(r.store.Close())
}

func (r *steps) run(v step) error {
	if v.text("do") == "fails" {
		if r.run(member[step](v, "step")) == nil {
			panic("a step that must fail did not")
		}
		return nil
	}
	who := v.text("as")
	if who == "" {
		who = "owner"
	}
	if r.sessions[who] == nil {
		r.sessions[who] = must(r.store.Session(keyOf(who)))
	}
	verb, ok := verbs[v.text("do")]
	if !ok {
		panic("there is no verb " + v.text("do"))
	}
	return verb(r, r.sessions[who], v)
}

func TestVectorsOfErrors(t *testing.T) {
	type wanted struct {
		expectation
		Code    string
		Hint    bool
		Subject json.RawMessage
	}
	file := read[struct {
		Count  int
		Canary string
		Cases  []struct {
			Name  string
			Steps []step
			Error wanted
		}
	}]("tests", "vectors", "errors.json")
	for _, one := range file.Cases {
		runner, end := newSteps(), len(one.Steps)-1
		for _, each := range one.Steps[:end] {
			if err := runner.run(each); err != nil {
				t.Errorf("%s: %v", one.Name, err)
			}
		}
		err := runner.run(one.Steps[end])
		runner.close()
		var own *envres.Error
		if !errors.As(err, &own) || own.Name() != one.Error.Code {
			t.Errorf("%s: %v in place of %s", one.Name, err, one.Error.Code)
			continue
		}
		subject := member[string](step{"s": one.Error.Subject}, "s")
		if isNull := string(one.Error.Subject) == "null"; isNull && own.Subject == "" ||
			!isNull && own.Subject != subject || (own.Hint != "") != one.Error.Hint {
			t.Errorf("%s: %q, %q", one.Name, own.Subject, own.Hint)
		}
		found := [3]int{own.Offset, own.Line, own.Column}
		for i, place := range []*int{one.Error.Offset, one.Error.Line, one.Error.Column} {
			if place == nil && found[i] != 0 || place != nil && found[i] != *place {
				t.Errorf("%s: at %v", one.Name, found)
			}
		}
		if printed := fmt.Sprintf("%v %+v %#v %s", own, own, own, own.Subject); strings.Contains(printed, file.Canary) {
			t.Errorf("%s: a value is in the error", one.Name)
		}
		if own.Message == "" || strings.HasSuffix(own.Message, ".") {
			t.Errorf("%s: %q", one.Name, own.Message)
		}
	}
	counted(t, len(file.Cases), file.Count)
}

func TestVectorsOfLimits(t *testing.T) {
	file := read[struct {
		Count int
		Cases []struct {
			Name, Code string
			Steps      []step
			At, Over   step
		}
	}]("tests", "vectors", "limits.json")
	for _, one := range file.Cases {
		runner := newSteps()
		for _, each := range one.Steps {
			for n := member[int](each, "times"); n >= 0; n-- {
				if n == 0 && each["times"] != nil {
					break
				}
				check(runner.run(each))
			}
		}
		if one.At != nil {
			if err := runner.run(one.At); err != nil {
				t.Errorf("%s: at the limit: %v", one.Name, err)
			}
		}
		if one.Code == "" {
			one.Code = "ENVRES_E_LIMIT"
		}
		expected(t, one.Name, runner.run(one.Over), expectation{Error: one.Code})
		runner.close()
	}
	counted(t, len(file.Cases), file.Count)
}
