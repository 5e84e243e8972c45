// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"

	envres "envres.dev/go"
)

// What the tests share: a store in memory, its owner's session, the vectors of all languages.

var (
	key    = raw(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
	owner  = envres.RawKey(key)
	change = envres.Change{Reason: "a test"}
	noon   = time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
)

// raw makes 32 bytes of those given, over and over.
func raw(bytes ...byte) []byte {
	whole := make([]byte, 32)
	for i := range whole {
		whole[i] = bytes[i%len(bytes)]
	}
	return whole
}

// root is the tree: $ENVRES_TREE, where this is a copy of the sources.
func root() string {
	if tree := os.Getenv("ENVRES_TREE"); tree != "" {
		return tree
	}
	return filepath.Join("..", "..")
}

// read gives a JSON file of the tree.
func read[T any](path ...string) T {
	var found T
	bytes := must(os.ReadFile(filepath.Join(append([]string{root()}, path...)...)))
	check(json.Unmarshal(bytes, &found))
	return found
}

// must gives a result, or fails the test with a stack.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(fmt.Sprintf("%v", err))
	}
}

// equal compares deeply.
func equal(t testing.TB, found, wanted interface{}) {
	t.Helper()
	if !reflect.DeepEqual(found, wanted) {
		t.Errorf("%#v\n  in place of\n%#v", found, wanted)
	}
}

// fails expects an *Error of a code, and gives it.
func fails(t testing.TB, err error, code envres.Code) *envres.Error {
	t.Helper()
	var own *envres.Error
	if !errors.As(err, &own) {
		t.Fatalf("%v in place of %s", err, code)
	}
	if own.Code != code || !errors.Is(err, code) || !errors.Is(err, envres.Families()[code]) {
		t.Fatalf("%v in place of %s", err, code)
	}
	return own
}

func only(_ interface{}, err error) error { return err }

func reveal(text envres.Text) string { return must(text.Reveal()) }

func secret(text string) *envres.Secret { return envres.NewSecretString(text) }

func newStore(t testing.TB, options ...envres.StoreOptions) *envres.Store {
	t.Helper()
	o := envres.StoreOptions{Clock: func() time.Time { return noon }}
	if len(options) > 0 {
		o = options[0]
	}
	store := must(envres.CreateStore("", owner, o))
	t.Cleanup(func() { check(store.Close()) })
	return store
}

func newSession(t testing.TB) (*envres.Store, *envres.Session) {
	t.Helper()
	store := newStore(t)
	session := must(store.Session(owner))
	t.Cleanup(func() { check(session.Close()) })
	return store, session
}

// ready promotes a version through to an environment.
func ready(session *envres.Session, app, version string, to ...string) {
	environment := "production"
	if len(to) > 0 {
		environment = to[0]
	}
	seen := must(session.Versions().Describe(app, version))
	must(session.Versions().Promote(app, version, environment, seen,
		envres.PromoteOptions{Change: change, Through: true}))
}

func live(session *envres.Session, app string) int64 {
	if row := must(session.Apps().Describe(app)); row.LiveSequence != nil {
		return *row.LiveSequence
	}
	return 0
}

// released makes a version that is ready live.
func released(session *envres.Session, app, version, tag string) envres.ReleaseRow {
	seen := must(session.Versions().Describe(app, version))
	row, _, err := session.Releases().Create(app, version, tag, seen, live(session, app),
		envres.ReleaseOptions{Change: change})
	check(err)
	return row
}

// together runs work on several goroutines, and fails with the first panic.
func together(t testing.TB, count int, work func(number int)) {
	t.Helper()
	var group sync.WaitGroup
	for number := 0; number < count; number++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			defer func() {
				if value := recover(); value != nil {
					t.Errorf("goroutine %d: %v", number, value)
				}
			}()
			work(number)
		}(number)
	}
	group.Wait()
}

// collect runs the garbage collector until finalizers have run.
func collect() {
	for i := 0; i < 4; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// Columns that the library gives another name than their constant has.
var named = map[string]string{"ENVRES_EDIT_NUMBER": "edit", "ENVRES_KIND_NAME": "kind",
	"ENVRES_ENVIRONMENT_REVEALS":   "editors_reveal",
	"ENVRES_ENVIRONMENT_ROLLBACKS": "rollback_approvals"}

// TestMain has every list that any test reads compared with api.json: its columns, and that a cell is
// null only where it may be.
func TestMain(m *testing.M) {
	tables := map[string]list{}
	for _, one := range read[api]("bindings", "api.json").Lists {
		tables[one.Name] = one
	}
	var mutex sync.Mutex
	wrong := map[string]bool{}
	envres.Inspect(func(table string, columns []string, nulls [][]bool) {
		mutex.Lock()
		defer mutex.Unlock()
		for index, column := range tables[table].Columns {
			name := column.Column
			if other, ok := named[column.Name]; ok {
				name = other
			}
			if index >= len(columns) || columns[index] != name {
				wrong["the columns of "+table+" are not as described: "+name] = true
			}
			for _, row := range nulls {
				if row[index] && !column.Null {
					wrong["null in "+table+"."+name] = true
				}
			}
		}
	})
	status := m.Run()
	for text := range wrong {
		fmt.Println("--- FAIL: TestMain:", text)
		status = 1
	}
	os.Exit(status)
}

// api is bindings/api.json.
type api struct {
	Families []string
	Errors   []struct {
		Name, Text, Family string
		Value              int32
	}
	Constants []struct {
		Header    string
		Constants []struct {
			Name  string
			Value int32
		}
	}
	Structs []struct {
		Name   string
		Fields []struct{ Name, Doc string }
	}
	Lists     []list
	Functions []struct {
		Name, Library string
		Exported      bool
	}
}

type list struct {
	Name    string
	Columns []struct {
		Name, Column string
		Null         bool
	}
}
