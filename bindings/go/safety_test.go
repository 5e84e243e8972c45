// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"strings"
	"testing"
	"time"

	envres "envres.dev/go"
)

// Closing, secrets, errors: what must hold whatever is called.

const mark = "s3cr3t-" + "value"

func newScope(t testing.TB) (*envres.Store, *envres.Session, *envres.Scope) {
	store, session := newSession(t)
	must(session.Variables().PutMany("development", []envres.Write{
		{Name: "HOST", Value: "db.dev"}, {Name: "KEY", Value: secret(mark)}}))
	check(session.Resources().Define("crm", "postgres"))
	must(session.Resources().Configure("development", "crm", envres.Fields{"host": "db",
		"database": "crm", "user": "u", "password": secret(mark)}))
	return store, session, must(session.Scope("development"))
}

func parse(source string) *envres.Template { return must(envres.ParseTemplate(source)) }

// closedNow expects ErrClosed.
func closedNow(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, envres.ErrClosed) || !errors.Is(err, envres.ErrUsage) || !errors.Is(err, envres.CodeInvalid) {
		t.Errorf("%v in place of closed", err)
	}
}

// ---- closing -----------------------------------------------------------------------------------

type closer interface {
	Close() error
	Closed() bool
}

func TestUseAfterClose(t *testing.T) {
	store, session, scope := newScope(t)
	other, template := must(session.Scope("development")), parse("<< environment.name >>")
	bound, crm := must(template.Bind(scope)), must(scope.Resource("crm"))
	params, hidden := must(envres.NewParams(envres.Values{"a": 1})), secret("x")
	redactor := must(envres.NewRedactor())
	uses := []struct {
		handle closer
		use    func() error
	}{
		{crm, func() error { return only(crm.Get("host")) }}, {crm, func() error { return only(crm.URL()) }},
		{params, func() error { return only(template.Render(other, envres.RenderOptions{Params: params})) }},
		{bound, func() error { return only(bound.Render()) }}, {bound, func() error { return only(bound.Text()) }},
		{template, func() error { return only(template.Render(scope)) }},
		{template, func() error { return only(template.References()) }},
		{template, func() error { return only(envres.RenderMany([]*envres.Template{template}, other)) }},
		{scope, func() error { return only(scope.Get("HOST")) }}, {scope, func() error { return only(scope.Expand("x")) }},
		{scope, func() error { return only(scope.At(0)) }}, {scope, func() error { return only(session.Latest(scope)) }},
		{redactor, func() error { return only(redactor.Text("x")) }}, {redactor, func() error { return redactor.AddScope(other) }},
		{hidden, func() error { return only(hidden.Reveal()) }},
		{hidden, func() error { return only(session.Variables().Put("development", "A", hidden)) }},
		{session, func() error { return only(session.Variables().List("")) }},
		{session, func() error { return only(session.Scope("development")) }},
		{session, func() error { return only(session.Info()) }}, {session, func() error { return only(store.Verify(session)) }},
		{store, func() error { return only(store.Poll()) }}, {store, func() error { return only(store.Session(owner)) }},
	}
	for _, one := range uses {
		check(one.handle.Close())
		check(one.handle.Close())
		equal(t, one.handle.Closed(), true)
		closedNow(t, one.use())
	}
	equal(t, []interface{}{scope.Name(0), scope.Type(0), scope.IsSecret(0), scope.IsStale(), len(scope.Names()), len(scope.Parts())},
		[]interface{}{"", envres.Type(0), false, true, 0, 0})
	equal(t, []interface{}{len(crm.Fields()), scope.Environment(), crm.Kind()}, []interface{}{0, "development", "postgres"})
	equal(t, reveal(must(other.Get("HOST"))), "db.dev")
}

func TestNothingIsClosed(t *testing.T) {
	var store *envres.Store
	var session *envres.Session
	var scope *envres.Scope
	var template *envres.Template
	for _, handle := range []closer{store, session, scope, template, (*envres.Resource)(nil), (*envres.Bound)(nil),
		(*envres.Params)(nil), (*envres.Query)(nil), (*envres.QueryResult)(nil), (*envres.Statement)(nil),
		(*envres.Redactor)(nil), (*envres.Scan)(nil), &envres.Store{}, &envres.Session{}, &envres.Scope{}, &envres.Secret{}} {
		equal(t, handle.Closed(), true)
		check(handle.Close())
	}
	closedNow(t, only(store.Poll()))
	closedNow(t, only(session.Info()))
	closedNow(t, only(session.Variables().Get("a", "b")))
	closedNow(t, only(scope.Get("A")))
	closedNow(t, only(template.Render(nil)))
	closedNow(t, only(parse("x").Render(nil)))
	closedNow(t, only(parse("x").Render(&envres.Scope{})))
	closedNow(t, only((&envres.Store{}).Session(owner)))
}

// ---- secrets -----------------------------------------------------------------------------------

func TestASecretShowsNowhere(t *testing.T) {
	_, session, scope := newScope(t)
	text := must(scope.Get("KEY"))
	hidden := text.Secret()
	equal(t, []bool{text.IsSecret(), hidden.Equal(secret(mark)), hidden.Equal(secret("other")), hidden.Equal(nil)},
		[]bool{true, true, false, false})
	rows := must(session.Variables().List("", envres.ReadOptions{Reveal: true}))
	type holder struct {
		Open   *envres.Secret
		Value  envres.Secret
		text   envres.Text
		hidden *envres.Secret
		value  envres.Secret
		owner  envres.Credential
	}
	held := holder{hidden, *hidden, text, hidden, *hidden, envres.RawKey(mark)}
	shown := []string{held.text.String()}
	for _, thing := range []interface{}{hidden, *hidden, text, &text, held, &held, []interface{}{hidden}, rows, rows[0],
		map[string]interface{}{"a": text}, envres.Passphrase(mark), must(must(scope.Resource("crm")).URL())} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%20v"} {
			shown = append(shown, fmt.Sprintf(verb, thing))
		}
		encoded, _ := json.Marshal(thing)
		printed, _ := xml.Marshal(thing)
		shown = append(shown, string(encoded), string(printed))
	}
	var logged strings.Builder
	log.New(&logged, "", 0).Println(hidden, text, held)
	for _, text := range append(shown, logged.String()) {
		if strings.Contains(text, mark) || strings.Contains(text, fmt.Sprintf("%x", mark)) ||
			strings.Contains(text, strings.Trim(fmt.Sprint([]byte(mark)), "[]")) {
			t.Errorf("shown: %s", text)
		}
	}
	if encoded, err := json.Marshal(held); err != nil || !strings.Contains(string(encoded), `"Open":"***"`) {
		t.Errorf("%s, %v", encoded, err)
	}
	if gob.NewEncoder(io.Discard).Encode(hidden) == nil {
		t.Error("a secret was encoded")
	}
}

func TestASecretIsWiped(t *testing.T) {
	hidden := secret(mark)
	buffer := hidden.Bytes()
	check(hidden.Open(func(bytes []byte) error {
		equal(t, string(bytes), mark)
		return nil
	}))
	equal(t, []interface{}{must(hidden.Reveal()), must(hidden.RevealBytes())}, []interface{}{mark, []byte(mark)})
	check(hidden.Close())
	equal(t, buffer, make([]byte, len(mark)))
	closedNow(t, only(hidden.Reveal()))
	closedNow(t, only(hidden.RevealBytes()))
	closedNow(t, only(hidden.Redacted("")))
	closedNow(t, hidden.Open(func([]byte) error { return nil }))
	equal(t, hidden.Equal(hidden), false)
}

func TestClosingASecretThatIsOpen(t *testing.T) {
	hidden, done := secret(mark), make(chan error)
	buffer := hidden.Bytes()
	go func() {
		done <- hidden.Open(func(bytes []byte) error {
			check(hidden.Close())
			equal(t, []interface{}{string(bytes), hidden.Closed()}, []interface{}{mark, true})
			closedNow(t, only(hidden.Reveal()))
			return nil
		})
	}()
	select {
	case err := <-done:
		check(err)
	case <-time.After(20 * time.Second):
		t.Fatal("closing waits for itself")
	}
	equal(t, buffer, make([]byte, len(mark)))
}

func TestSecretsSpread(t *testing.T) {
	_, _, scope := newScope(t)
	out := must(scope.Expand("a << environment.variables.KEY >> b"))
	equal(t, reveal(out), "a "+mark+" b")
	equal(t, out.Secret().Ranges(), []envres.Range{{Start: 2, End: 2 + len(mark)}})
	equal(t, []string{must(out.Secret().Redacted("[redacted]")), must(out.Secret().Redacted("#"))},
		[]string{"a [redacted] b", "a # b"})
	fails(t, only(scope.Expand("<< environment.variables.KEY >>", envres.ExpandOptions{NoSecrets: true})), envres.CodeSecretSink)
	made := must(parse("<< params.p >>").Render(scope, envres.RenderOptions{Params: envres.Values{"p": secret("x")}}))
	equal(t, made.IsSecret(), true)
	buffer := make([]byte, 64)
	index := must(scope.Find("KEY"))
	equal(t, string(buffer[:must(scope.GetInto(index, buffer))]), mark)
	fails(t, only(scope.GetInto(index, buffer[:3])), envres.CodeLimit)
	fails(t, only(scope.At(index)), envres.CodeSecretSink)
	for _, inside := range []interface{}{[]interface{}{secret(mark)}, map[string]interface{}{"a": out},
		struct{ A *envres.Secret }{secret(mark)}, struct{ a *envres.Secret }{secret(mark)},
		struct{ a envres.Text }{out}} {
		err := only(parse("<< params.p >>").Render(scope, envres.RenderOptions{Params: envres.Values{"p": inside}}))
		fails(t, err, envres.CodeInvalid)
	}
}

func TestRedactor(t *testing.T) {
	_, _, scope := newScope(t)
	redactor := must(envres.NewRedactor("#"))
	check(redactor.AddScope(scope))
	check(redactor.Add("token", secret("elsewhere-1")))
	check(redactor.Add("pin", "123"))
	refused := must(redactor.Refused())
	equal(t, []string{refused[0].Name, refused[0].Reason}, []string{"pin", "short"})
	equal(t, must(redactor.Text("a "+mark+" b elsewhere-1")), "a # b #")
	equal(t, must(redactor.Bytes([]byte("\xff"+fmt.Sprintf("%x", mark)))), []byte("\xff#"))
	other := must(redactor.Copy())
	fails(t, redactor.Add("late", "later-secret"), envres.CodeInvalid)
	given := must(other.Feed([]byte("log " + mark[:6])))
	given = append(given, must(other.Feed([]byte(mark[6:]+" end")))...)
	given = append(given, must(other.Finish())...)
	equal(t, string(given), "log # end")
	together(t, 4, func(int) {
		for i := 0; i < 50; i++ {
			must(redactor.Text(mark))
		}
	})
	equal(t, []uint64{redactor.Masked(), other.Masked()}, []uint64{203, 1})
	fails(t, only(envres.NewRedactor(strings.Repeat("x", 65))), envres.CodeLimit)
}

func TestNoErrorHoldsAValue(t *testing.T) {
	_, session, scope := newScope(t)
	put := func(environment, name string, value interface{}, kind envres.Type) error {
		return only(session.Variables().Put(environment, name, value, envres.PutOptions{Type: kind}))
	}
	attempts := []error{
		put("development", "N", mark, envres.TypeNumber), put("development", "J", "{"+mark, envres.TypeJSON),
		put("nowhere", "J", secret(mark), 0), put("development", "1J", secret(mark), 0),
		put("development", "A", envres.NewSecret([]byte("\xff"+mark)), 0),
		put("development", "A", map[string]string{"a": mark}, 0),
		only(session.Resources().Configure("development", "crm", envres.Fields{"port": mark})),
		only(scope.GetBoolean("KEY")), only(scope.GetInteger("KEY")),
		only(scope.Expand("<< environment.variables.KEY | base >>")),
		only(envres.NewParams(envres.Values{"p": envres.Typed{Type: envres.TypeNumber, Text: mark}})),
		only(envres.NewParams(envres.Values{"p": func() string { return mark }})),
		scope.TestResource("crm", func(*envres.Resource) error { return errors.New(mark) }),
		scope.TestResource("crm", func(*envres.Resource) error { panic(mark) }),
	}
	for _, err := range attempts {
		var own *envres.Error
		if !errors.As(err, &own) {
			t.Fatalf("%v is no error of the library", err)
		}
		for _, text := range []string{own.Error(), fmt.Sprintf("%v %s", own, own), own.Message, own.Hint, own.Subject} {
			if strings.Contains(text, mark) {
				t.Errorf("%s", text)
			}
		}
	}
}

// ---- errors and values -------------------------------------------------------------------------

func TestWhatAnErrorSays(t *testing.T) {
	_, _, scope := newScope(t)
	err := fails(t, only(scope.Expand("one\n  << environment.variables.HOTS >>")), envres.CodeNotFound)
	equal(t, []interface{}{err.Offset, err.Line, err.Column, err.Subject}, []interface{}{6, 2, 3, "HOTS"})
	text := err.Error()
	if !errors.Is(err, envres.ErrNotFound) || errors.Is(err, envres.ErrText) || errors.Is(err, envres.ErrClosed) ||
		!strings.Contains(err.Hint, "HOST") || !strings.Contains(text, "ENVRES_E_NOT_FOUND") ||
		!strings.Contains(text, "line 2, column 3") || err.Unwrap() != nil {
		t.Error(text)
	}
	fails(t, only(envres.ParseTemplate("<< environment.name")), envres.CodeSyntax)
	equal(t, envres.CodeNotSet.String(), "ENVRES_E_NOT_SET")
	equal(t, errors.Is(fmt.Errorf("more: %w", err), envres.CodeNotFound), true)
}

func TestTextOfEveryKind(t *testing.T) {
	_, session, _ := newScope(t)
	big := strings.Repeat("x", 1<<20)
	type own string
	for _, value := range []interface{}{"", "Zürich 😀", strings.Repeat("a", 1000), []byte("bytes"), big, own("named"),
		envres.PlainText("text")} {
		must(session.Variables().Put("development", "V", value))
		wanted := fmt.Sprintf("%s", value)
		equal(t, reveal(must(session.Variables().Get("development", "V"))) == wanted, true)
		scope := must(session.Scope("development"))
		equal(t, reveal(must(scope.Expand("<< environment.variables.V >>"))) == wanted, true)
		equal(t, reveal(must(scope.Get("V"))) == wanted, true)
	}
	for _, bad := range []interface{}{"\xff", "\xed\xa0\x80", "a\x00b", []byte("\xc0\x80")} {
		fails(t, only(session.Variables().Put("development", "V", bad)), envres.CodeUTF8)
	}
	fails(t, only(session.Variables().Put("development", "V", big+"x")), envres.CodeLimit)
	for _, bad := range []string{"NUL\x00", "\xff", "é", ""} {
		if session == nil || only(session.Variables().Get("development", bad)) == nil {
			t.Errorf("%q is a name", bad)
		}
	}
	for _, wrong := range []interface{}{5, nil, 1.5, []string{"a"}, struct{}{}} {
		fails(t, only(session.Variables().Put("development", "V", wrong)), envres.CodeInvalid)
	}
}

func TestTypedValues(t *testing.T) {
	_, session := newSession(t)
	must(session.Variables().PutMany("development", []envres.Write{{Name: "B", Value: "true", Type: envres.TypeBoolean},
		{Name: "I", Value: "-7", Type: envres.TypeNumber}, {Name: "D", Value: "0.5", Type: envres.TypeNumber},
		{Name: "J", Value: `{"a": [1, null]}`, Type: envres.TypeJSON}, {Name: "S", Value: "7"}}))
	scope := must(session.Scope("development"))
	equal(t, []interface{}{must(scope.GetBoolean("B")), must(scope.GetInteger("I")), must(scope.GetDouble("D")),
		reveal(must(scope.GetJSON("J"))), reveal(must(scope.GetString("S")))},
		[]interface{}{true, int64(-7), 0.5, `{"a":[1,null]}`, "7"})
	values := []interface{}{}
	for _, name := range []string{"B", "I", "D", "J", "S"} {
		values = append(values, must(scope.Value(name)))
	}
	equal(t, values, []interface{}{true, int64(-7), 0.5,
		map[string]interface{}{"a": []interface{}{json.Number("1"), nil}}, "7"})
	equal(t, scope.Names(), []string{"B", "D", "I", "J", "S"})
	equal(t, []interface{}{scope.Len(), scope.Type(0), scope.Type(3), scope.IsSecret(0)},
		[]interface{}{5, envres.TypeBoolean, envres.TypeJSON, false})
	equal(t, must(scope.At(must(scope.Find("I")))), "-7")
	for _, err := range []error{only(scope.GetBoolean("S")), only(scope.GetInteger("S")), only(scope.GetDouble("S")),
		only(scope.GetJSON("S"))} {
		fails(t, err, envres.CodeType)
	}
	for _, index := range []int{-1, 5, math.MaxUint32, math.MaxInt64} {
		equal(t, []interface{}{scope.Name(index), scope.Type(index), scope.IsSecret(index)}, []interface{}{"", envres.Type(0), false})
		fails(t, only(scope.At(index)), envres.CodeInvalid)
	}
}

func TestRendering(t *testing.T) {
	_, _, scope := newScope(t)
	template := parse("<< environment.variables.HOST >>:<< params.port >>")
	with := func(port interface{}) envres.RenderOptions {
		return envres.RenderOptions{Params: envres.Values{"port": port}}
	}
	for _, one := range [][2]interface{}{{5432, "5432"}, {uint8(7), "7"}, {1.0, "1"}, {1.5, "1.5"}, {true, "true"},
		{"a", "a"}, {[]byte("b"), "b"}, {[]int{1, 2}, "[1,2]"}, {map[string]string{"a": "<&>"}, `{"a":"<&>"}`},
		{json.Number("12"), "12"}, {json.RawMessage("[1]"), "[1]"}, {noon, "2023-11-14T22:13:20Z"},
		{envres.Typed{Type: envres.TypeJSON, Text: `{"a":1}`}, `{"a":1}`}, {time.Second, "1000000000"}} {
		equal(t, reveal(must(template.Render(scope, with(one[0])))), "db.dev:"+one[1].(string))
	}
	fails(t, only(template.Render(scope, with(math.NaN()))), envres.CodeType)
	fails(t, only(template.Render(scope, with(make(chan int)))), envres.CodeInvalid)
	buffer := make([]byte, 11)
	equal(t, must(template.RenderInto(scope, buffer, with(true))), 11)
	equal(t, string(buffer), "db.dev:true")
	fails(t, only(template.RenderInto(scope, buffer[:3], with(1))), envres.CodeLimit)
	limited := with(1)
	limited.OutputMax = 3
	fails(t, only(template.Render(scope, limited)), envres.CodeLimit)
	bound := must(template.Bind(scope, with(1.5)))
	equal(t, []interface{}{reveal(must(bound.Render())), must(bound.Text()), must(bound.RenderInto(buffer))},
		[]interface{}{"db.dev:1.5", "db.dev:1.5", 10})
	names := []string{}
	for _, tag := range must(template.References()) {
		names = append(names, tag.Name)
	}
	equal(t, names, []string{"HOST", "port"})
	long := parse(strings.Repeat("x", 20000) + "<< environment.name >>")
	equal(t, reveal(must(long.Render(scope))) == strings.Repeat("x", 20000)+"development", true)
	equal(t, reveal(must(must(long.Bind(scope)).Render())) == strings.Repeat("x", 20000)+"development", true)
	hidden := must(parse("<< environment.variables.KEY >>").Bind(scope))
	equal(t, reveal(must(hidden.Render())), mark)
	fails(t, only(hidden.Text()), envres.CodeSecretSink)
	equal(t, *must(scope.Explain("HOST"))[0].Layer, "value")
}

func TestRenderingMany(t *testing.T) {
	_, _, scope := newScope(t)
	long, hidden := parse(strings.Repeat("x", 20000)), parse("<< environment.variables.KEY >>")
	all := []*envres.Template{long}
	for n := 0; n < 2000; n++ {
		all = append(all, parse(fmt.Sprintf("%d-<< environment.variables.HOST >>", n)))
	}
	made := must(envres.RenderMany(append(all, hidden, long, all[1]), scope))
	equal(t, []interface{}{len(made), reveal(made[0]) == reveal(made[2002]), len(reveal(made[0])), made[2001].IsSecret(),
		reveal(made[2001]), reveal(made[2003])}, []interface{}{2004, true, 20000, true, mark, "0-db.dev"})
	for n := 0; n < 2000; n++ {
		equal(t, reveal(made[n+1]), fmt.Sprintf("%d-db.dev", n))
	}
	equal(t, len(must(envres.RenderMany(nil, scope))), 0)
	err := fails(t, only(envres.RenderMany([]*envres.Template{all[1], parse("<< environment.variables.NOPE >>")}, scope)), envres.CodeNotFound)
	equal(t, err.Subject, "NOPE")
	equal(t, reveal(must(scope.Get("HOST"))), "db.dev")
}

func TestStatements(t *testing.T) {
	_, session, _ := newScope(t)
	must(session.Variables().Put("development", "LIMIT", "10", envres.PutOptions{Type: envres.TypeNumber}))
	scope := must(session.Scope("development"))
	sql := envres.TemplateOptions{Context: envres.ContextSQL, Dialect: envres.DialectPostgres}
	template := must(envres.ParseTemplate("SELECT * FROM << params.t | ident >> WHERE a = << params.a >> AND b = "+
		"<< params.b >> AND k = << environment.variables.KEY >> AND n IS << params.n >>"+
		" LIMIT << environment.variables.LIMIT >>", sql))
	values := envres.Values{"t": "users", "a": "x' OR 1", "b": true, "n": nil}
	params := must(envres.NewParams(values, "users"))
	statement := must(template.Prepare(scope, envres.RenderOptions{Params: params}))
	equal(t, statement.Text(), `SELECT * FROM "users" WHERE a = $1 AND b = $2 AND k = $3 AND n IS $4 LIMIT $5`)
	equal(t, []interface{}{statement.First(), statement.Len(), must(statement.Names())[0]}, []interface{}{1, 5, "params.a"})
	equal(t, must(statement.Reveal()), []interface{}{"x' OR 1", true, mark, nil, int64(10)})
	found := must(statement.Parameters())
	if one, ok := found[2].(*envres.Secret); !ok || strings.Contains(fmt.Sprint(found), mark) || must(one.Reveal()) != mark {
		t.Error("a secret parameter in clear")
	}
	check(statement.Close())
	closedNow(t, only(statement.Parameters()))
	fails(t, only(template.Prepare(scope, envres.RenderOptions{Params: values})), envres.CodeIdent)
	fails(t, only(template.Render(scope, envres.RenderOptions{Params: params})), envres.CodeInvalid)
	sql.Dialect, sql.Style = envres.DialectSqlite, envres.StyleColon
	colon := must(envres.ParseTemplate("<< params.a >>", sql))
	statement = must(colon.Prepare(scope, envres.RenderOptions{Params: envres.Values{"a": 0.5}}))
	equal(t, []interface{}{statement.Text(), must(statement.Reveal())[0]}, []interface{}{":p1", 0.5})
	fails(t, only(envres.ParseTemplate("x", envres.TemplateOptions{Context: envres.ContextSQL})), envres.CodeInvalid)
}

func TestKeysAreRandom(t *testing.T) {
	one, two := must(envres.GenerateKey()), must(envres.GenerateKey())
	equal(t, []interface{}{one.Equal(two), len(must(one.RevealBytes()))}, []interface{}{false, 32})
}
