// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	envres "envres.dev/go"
)

// The shared vectors of versions and tags, through the public interface.

var relaxed = envres.StoreOptions{Relaxed: true}

// within runs work with a store of its own.
func within(work func(session *envres.Session)) {
	store := must(envres.CreateStore("", owner, relaxed))
	session := must(store.Session(owner))
	work(session)
	check(session.Close())
	check(store.Close())
}

func draft(session *envres.Session, app, name string) string {
	options := envres.VersionOptions{Change: change, Name: name}
	return must(session.Versions().Create(app, options)).Name
}

// ---- machine.json ------------------------------------------------------------------------------

type machineCase struct {
	State, Event, Next, Last, Error string
	Apart                           bool
}

func it(session *envres.Session) envres.VersionRow {
	return must(session.Versions().Describe("shop", "it"))
}

func bring(session *envres.Session, state string, withdrawn bool) {
	check(session.Apps().Create("shop"))
	draft(session, "shop", "other")
	ready(session, "shop", "other")
	draft(session, "shop", "it")
	switch state {
	case "staged":
		ready(session, "shop", "it", "staging")
	case "ready", "live", "retired":
		ready(session, "shop", "it")
	case "discarded":
		check(session.Versions().Discard("shop", "it", it(session), change))
	}
	if state == "live" || state == "retired" {
		released(session, "shop", "it", "1.0.0")
	}
	if state == "retired" && withdrawn {
		must(session.Releases().Withdraw("shop", live(session, "shop"), change))
	} else if state == "retired" {
		released(session, "shop", "other", "1.1.0")
	}
	if found := it(session).State; found != state {
		panic(found + " in place of " + state)
	}
}

func happen(session *envres.Session, event string) error {
	seen := it(session)
	switch event {
	case "edit":
		files := envres.Files(map[string]string{"more.txt": "more"})
		return only(session.Parts().Put("shop", "it", files, change))
	case "promote":
		to := map[bool]string{true: "staging", false: "production"}[seen.Stage == "development"]
		return only(session.Versions().Promote("shop", "it", to, seen, envres.PromoteOptions{Change: change}))
	case "release":
		_, _, err := session.Releases().Create("shop", "it", "3.0.0", seen, live(session, "shop"),
			envres.ReleaseOptions{Change: change})
		return err
	case "rollback":
		_, _, err := session.Releases().Rollback("shop", live(session, "shop"),
			envres.RollbackOptions{Change: change, Version: "it"})
		return err
	case "supersede":
		name := "other"
		if must(session.Versions().Describe("shop", "other")).State != "ready" {
			name = draft(session, "shop", "third")
			ready(session, "shop", name)
		}
		released(session, "shop", name, "2.0.0")
		return nil
	case "withdraw":
		return only(session.Releases().Withdraw("shop", live(session, "shop"), change))
	case "discard":
		return session.Versions().Discard("shop", "it", seen, change)
	}
	panic(event)
}

func runMachine(t *testing.T, one machineCase, withdrawn bool) {
	within(func(session *envres.Session) {
		bring(session, one.State, withdrawn)
		err := happen(session, one.Event)
		after, wanted := it(session), one.Next
		var own *envres.Error
		if errors.As(err, &own) != (one.Error != "") || own != nil && own.Name() != one.Error {
			t.Errorf("%+v: %v", one, err)
		}
		if err != nil || one.Apart {
			wanted = one.State
		} else if one.Event == "promote" && after.Stage == "production" {
			wanted = one.Last
		}
		if after.State != wanted {
			t.Errorf("%+v: %s", one, after.State)
		}
	})
}

func TestVectorsOfTheMachine(t *testing.T) {
	file := read[struct {
		Count int
		Cases []machineCase
	}]("tests", "vectors", "machine.json")
	for _, one := range file.Cases {
		runMachine(t, one, true)
		if one.State == "retired" && one.Event != "withdraw" {
			runMachine(t, one, false)
		}
	}
	counted(t, len(file.Cases), file.Count)
}

// ---- semver.json -------------------------------------------------------------------------------

// try makes a release with this tag without changing anything; the tag that it gets.
func try(session *envres.Session, tag string, bump envres.Bump) (string, error) {
	seen := must(session.Versions().Describe("shop", "v1"))
	row, _, err := session.Releases().Create("shop", "v1", tag, seen, live(session, "shop"),
		envres.ReleaseOptions{Change: change, Bump: bump, DryRun: true})
	return row.Tag, err
}

func runChain(t *testing.T, chain []json.RawMessage) {
	within(func(session *envres.Session) {
		check(session.Apps().Create("shop"))
		ready(session, "shop", "v1")
		for number, step := range chain {
			var same []string
			if step[0] != '[' {
				step = json.RawMessage("[" + string(step) + "]")
			}
			check(json.Unmarshal(step, &same))
			version := "s" + strconv.Itoa(number)
			draft(session, "shop", version)
			ready(session, "shop", version)
			released(session, "shop", version, same[0])
			for _, tag := range same {
				fails(t, only(try(session, tag, envres.BumpNone)), envres.CodeTagTaken)
			}
		}
	})
}

func TestVectorsOfTags(t *testing.T) {
	type tagCase struct {
		expectation
		Text, Bump, To string
		From           *string
	}
	file := read[struct {
		Count                       int
		Valid, Limit, Invalid, Next []tagCase
		Precedence                  []struct{ Chain []json.RawMessage }
	}]("tests", "vectors", "semver.json")
	_, session := newSession(t)
	check(session.Apps().Create("shop"))
	ready(session, "shop", "v1")
	for _, one := range file.Valid {
		equal(t, must(try(session, one.Text, envres.BumpNone)), strings.TrimLeft(one.Text, "v"))
	}
	for code, cases := range map[string][]tagCase{"ENVRES_E_TAG": file.Invalid, "ENVRES_E_LIMIT": file.Limit} {
		for _, one := range cases {
			one.Error = code
			expected(t, one.Text, only(try(session, one.Text, envres.BumpNone)), one.expectation)
		}
	}
	for _, chain := range file.Precedence {
		runChain(t, chain.Chain)
	}
	bumps := map[string]envres.Bump{"major": envres.BumpMajor, "minor": envres.BumpMinor, "patch": envres.BumpPatch}
	for _, one := range file.Next {
		within(func(session *envres.Session) {
			check(session.Apps().Create("shop"))
			ready(session, "shop", "v1")
			if one.From != nil {
				draft(session, "shop", "first")
				ready(session, "shop", "first")
				released(session, "shop", "first", *one.From)
			}
			tag, err := try(session, "", bumps[one.Bump])
			if one.Error != "" || err != nil {
				expected(t, one.Bump, err, one.expectation)
			} else {
				equal(t, tag, one.To)
			}
		})
	}
	ran := len(file.Valid) + len(file.Limit) + len(file.Invalid) + len(file.Precedence) + len(file.Next)
	counted(t, ran, file.Count)
}
