// SPDX-License-Identifier: MIT

package envres_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	envres "envres.dev/go"
)

// Callbacks, threads: what leads back into Go, and what happens at once.

var errHost = errors.New(mark)

// vault is a provider that wraps with exclusive or, and remembers.
type vault struct {
	fails  error
	panics interface{}
	short  bool
	keys   [][]byte
}

func crossed(key []byte) []byte {
	crossed := make([]byte, len(key))
	for i, b := range key {
		crossed[i] = b ^ 0x5a
	}
	return crossed
}

func (v *vault) Wrap(principal [16]byte, key, aad []byte) ([]byte, error) {
	if principal == [16]byte{} || len(key) != 32 || len(aad) == 0 {
		return nil, errors.New("the arguments are wrong")
	}
	v.keys = append(v.keys, key)
	return crossed(key), nil
}

func (v *vault) Unwrap(_ [16]byte, blob, _ []byte) ([]byte, error) {
	if v.panics != nil {
		panic(v.panics)
	}
	if v.short {
		return []byte("short"), nil
	}
	return crossed(blob), v.fails
}

func TestProvider(t *testing.T) {
	one := &vault{}
	store := must(envres.CreateStore("", envres.Provider(one)))
	defer store.Close()
	equal(t, one.keys, [][]byte{make([]byte, 32)})
	check(must(store.Session(envres.Provider(one))).Close())
	one.fails = errHost
	err := fails(t, only(store.Session(envres.Provider(one))), envres.CodeCallback)
	if !errors.Is(err, errHost) || strings.Contains(err.Error(), mark) {
		t.Error(err)
	}
	one.fails, one.panics = nil, mark
	err = fails(t, only(store.Session(envres.Provider(one))), envres.CodeCallback)
	var panicked *envres.PanicError
	if !errors.As(err, &panicked) || panicked.Value != mark || strings.Contains(panicked.Error()+err.Error(), mark) {
		t.Error(err)
	}
	one.panics = bytes.ErrTooLarge
	err = fails(t, only(store.Session(envres.Provider(one))), envres.CodeCallback)
	equal(t, errors.Is(err, bytes.ErrTooLarge), true)
	one.panics, one.short = nil, true
	fails(t, only(store.Session(envres.Provider(one))), envres.CodeCallback)
	one.short = false
	check(must(store.Session(envres.Provider(one))).Close())
}

// bomb is an error that cannot be looked into.
type bomb struct{}

func (bomb) Error() string { return "bomb" }

func (bomb) Unwrap() error { panic(mark) }

func TestErrorsThatAreNone(t *testing.T) {
	_, _, scope := newScope(t)
	one := &vault{}
	store := must(envres.CreateStore("", envres.Provider(one)))
	defer store.Close()
	for _, bad := range []error{(*envres.Error)(nil), bomb{}, fmt.Errorf("%w", (*envres.Error)(nil))} {
		one.fails = bad
		if fails(t, only(store.Session(envres.Provider(one))), envres.CodeCallback).Unwrap() == nil {
			t.Errorf("%T left no cause", bad)
		}
		fails(t, scope.TestResource("crm", func(*envres.Resource) error { return bad }), envres.CodeCallback)
	}
	one.fails = (*envres.Error)(nil)
	equal(t, errors.Is(only(store.Session(envres.Provider(one))), errHost), false)
}

func TestClock(t *testing.T) {
	var failures []error
	now, broken := time.UnixMilli(1000), false
	store := newStore(t, envres.StoreOptions{ClockFailed: func(err error) { failures = append(failures, err) },
		Clock: func() time.Time {
			if broken {
				panic("no clock")
			}
			return now
		}})
	session := must(store.Session(owner))
	defer session.Close()
	now = time.UnixMilli(86400000)
	must(session.Variables().Put("development", "A", "1"))
	row := must(session.Variables().History("development", "A"))[0]
	equal(t, row.Time.Format(time.RFC3339), "1970-01-02T00:00:00Z")
	broken = true
	must(session.Variables().Put("development", "A", "2"))
	row = must(session.Variables().History("development", "A"))[0]
	equal(t, row.Time.Year() > 2000 && len(failures) > 0, true)
	var panicked *envres.PanicError
	equal(t, errors.As(failures[0], &panicked), true)
}

// memory is an anchor.
type memory struct {
	sequence int64
	hash     [32]byte
	fails    error
}

func (m *memory) Load([16]byte) (int64, [32]byte, error) { return m.sequence, m.hash, nil }

func (m *memory) Store(_ [16]byte, expected, sequence int64, hash [32]byte) error {
	if m.fails == nil {
		m.sequence, m.hash = sequence, hash
	}
	return m.fails
}

func TestAnchor(t *testing.T) {
	folder, kept := t.TempDir(), &memory{}
	store := must(envres.CreateStore(filepath.Join(folder, "s"), owner, envres.StoreOptions{Anchor: kept}))
	session := must(store.Session(owner))
	check(store.Backup(filepath.Join(folder, "old")))
	must(session.Variables().Put("development", "A", "1"))
	equal(t, kept.sequence >= 2 && kept.hash != [32]byte{}, true)
	kept.fails = errHost
	err := only(session.Variables().Put("development", "A", "2"))
	if err == nil {
		err = only(session.Variables().Put("development", "A", "3"))
	}
	if own := fails(t, err, envres.CodeCallback); !errors.Is(own, errHost) || strings.Contains(own.Error(), mark) {
		t.Error(own)
	}
	kept.fails = nil
	check(session.Close())
	check(store.Close())
	store = must(envres.OpenStore(filepath.Join(folder, "old"), envres.StoreOptions{Anchor: kept}))
	fails(t, only(store.Session(owner)), envres.CodeRollback)
	check(store.Close())
	store = must(envres.OpenStore(filepath.Join(folder, "old")))
	check(must(store.Session(owner)).Close())
	check(store.Close())
}

func TestAuditSink(t *testing.T) {
	var given []envres.Checkpoint
	var failing error
	store := newStore(t, envres.StoreOptions{AuditSink: func(one envres.Checkpoint) error {
		given = append(given, one)
		return failing
	}})
	session := must(store.Session(owner))
	check(session.Principals().Add("bob", envres.RawKey(raw(2))))
	last := given[len(given)-1]
	equal(t, last.Signer != [16]byte{} && last.Signature != [64]byte{} && last.Time.Year() > 2000, true)
	check(session.Audit().Check(last))
	last.Sequence += 100
	equal(t, errors.Is(session.Audit().Check(last), envres.ErrIntegrity), true)
	failing = errHost
	err := session.Principals().Remove("bob")
	if err == nil {
		err = only(session.Variables().Put("development", "A", "1"))
	}
	equal(t, errors.Is(fails(t, err, envres.CodeCallback), errHost), true)
	// What the sink fails with when a session is closed is nobody's, and not the next call's.
	check(session.Close())
	equal(t, fails(t, only(envres.ParseTemplate("<< environment.name")), envres.CodeSyntax).Unwrap() == nil, true)
	equal(t, errors.Is(only(store.Session(owner)), errHost), true)
}

func TestProbe(t *testing.T) {
	_, _, scope := newScope(t)
	var seen *envres.Resource
	check(scope.TestResource("crm", func(crm *envres.Resource) error {
		seen = crm
		equal(t, []string{reveal(must(crm.Get("host"))), reveal(must(crm.Get("password")))}, []string{"db", mark})
		return only(scope.Get("HOST"))
	}))
	equal(t, seen.Closed(), true)
	closedNow(t, only(seen.Get("host")))
	err := fails(t, scope.TestResource("crm", func(*envres.Resource) error {
		return fmt.Errorf("wrapped: %w", &envres.Error{Code: envres.CodeIO, Message: "no route", Hint: "look", Subject: "crm"})
	}), envres.CodeIO)
	equal(t, []string{err.Message, err.Hint, err.Subject}, []string{"no route", "look", "crm"})
	if cause := err.Unwrap(); cause == nil || !strings.HasPrefix(cause.Error(), "wrapped: ") {
		t.Errorf("the cause is %v", cause)
	}
	err = fails(t, scope.TestResource("crm", func(*envres.Resource) error {
		fails(t, only(scope.Get("NOPE")), envres.CodeNotFound)
		return errHost
	}), envres.CodeCallback)
	equal(t, errors.Is(err, errHost), true)
	err = fails(t, scope.TestResource("crm", func(*envres.Resource) error { panic(errHost) }), envres.CodeCallback)
	equal(t, errors.Is(err, errHost) && strings.Contains(err.Message, "panicked"), true)
	fails(t, scope.TestResource("crm", func(*envres.Resource) error {
		runtime.Goexit()
		return nil
	}), envres.CodeCallback)
	fails(t, scope.TestResource("crm", nil), envres.CodeInvalid)
	fails(t, scope.TestResource("cmr", func(*envres.Resource) error { return nil }), envres.CodeNotFound)
	check(scope.Close())
	closedNow(t, scope.TestResource("crm", func(*envres.Resource) error { return nil }))
}

func TestAProbeThatLeavesSomethingBehind(t *testing.T) {
	_, _, scope := newScope(t)
	var left sync.WaitGroup
	for round := 0; round < 50; round++ {
		check(scope.TestResource("crm", func(crm *envres.Resource) error {
			left.Add(1)
			go func() {
				defer left.Done()
				for only(crm.URL()) == nil {
				}
			}()
			runtime.Gosched()
			return nil
		}))
	}
	left.Wait()
}

func TestCallbacksOfManyThreads(t *testing.T) {
	_, _, scope := newScope(t)
	together(t, 8, func(number int) {
		for turn := 0; turn < 100; turn++ {
			mine := fmt.Errorf("%d of %d", turn, number)
			err := scope.TestResource("crm", func(*envres.Resource) error { return mine })
			if fails(t, err, envres.CodeCallback).Unwrap() != mine {
				t.Errorf("%v, not %v", errors.Unwrap(err), mine)
			}
		}
	})
}

// ---- threads -----------------------------------------------------------------------------------

func TestEightThreads(t *testing.T) {
	_, session, scope := newScope(t)
	template := parse("<< environment.variables.HOST >>-<< params.n >>")
	together(t, 8, func(number int) {
		name := fmt.Sprintf("T%d", number)
		for turn := 0; turn < 200; turn++ {
			out := must(template.Render(scope, envres.RenderOptions{Params: envres.Values{"n": number}}))
			equal(t, reveal(out), fmt.Sprintf("db.dev-%d", number))
			equal(t, reveal(must(scope.Get("KEY"))), mark)
			equal(t, fails(t, only(scope.Get(name)), envres.CodeNotFound).Subject, name)
			if turn%40 == 0 {
				must(session.Variables().Put("development", name, fmt.Sprint(turn)))
			}
		}
	})
	equal(t, must(session.Scope("development")).Len(), 10)
}

func TestClosingWhileOthersUseIt(t *testing.T) {
	_, session, _ := newScope(t)
	template, hidden := parse("<< environment.variables.HOST >>"), secret(mark)
	for round := 0; round < 50; round++ {
		one := must(session.Scope("development"))
		var used atomic.Int64
		together(t, 4, func(number int) {
			for {
				if number == 0 && used.Load() > 20 {
					check(one.Close())
					check(hidden.Close())
				}
				out, err := template.Render(one)
				if err != nil {
					closedNow(t, err)
					break
				}
				equal(t, reveal(out), "db.dev")
				if text, err := hidden.Reveal(); err == nil {
					equal(t, text, mark)
				}
				used.Add(1)
			}
		})
		hidden = secret(mark)
	}
}

func TestClosingSessionsAndStoresUnderUse(t *testing.T) {
	for round := 0; round < 10; round++ {
		store := must(envres.CreateStore("", owner, envres.StoreOptions{Relaxed: true, Clock: time.Now}))
		session := must(store.Session(owner))
		var used atomic.Int64
		together(t, 4, func(int) {
			for {
				if used.Load() > 5 {
					check(session.Close())
					check(store.Close())
				}
				if err := only(session.Variables().Put("development", "A", "1")); err != nil {
					closedNow(t, err)
					break
				}
				used.Add(1)
			}
		})
		closedNow(t, only(store.Poll()))
	}
}

func TestOthersRunWhileAKeyIsDerived(t *testing.T) {
	phrase := envres.Passphrase("p")
	phrase.KDFPasses, phrase.KDFMemory = 2, 64<<20
	var ran atomic.Int64
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			default:
				ran.Add(1)
				runtime.Gosched()
			}
		}
	}()
	before := ran.Load()
	check(must(envres.CreateStore("", phrase)).Close())
	during := ran.Load() - before
	close(done)
	equal(t, during >= 3, true)
}
