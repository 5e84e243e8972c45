// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	envres "envres.dev/go"
)

// The query library: revisions, declared parameters and their types, statements and requests.

func newQueries(t *testing.T) (*envres.Session, envres.Queries, *envres.Scope) {
	_, session := newSession(t)
	for handle, kind := range map[string]string{"db": "sqlite", "crm": "postgres", "api": "rest", "kv": "redis"} {
		check(session.Resources().Define(handle, kind))
	}
	must(session.Variables().PutMany("development", []envres.Write{
		{Name: "REGION", Value: "eu"}, {Name: "TOKEN", Value: secret(mark)}}))
	return session, session.Queries(), must(session.Scope("development"))
}

func with(values envres.Values) envres.QueryOptions { return envres.QueryOptions{Params: values} }

func TestRevisionsOfQueries(t *testing.T) {
	session, queries, _ := newQueries(t)
	first := envres.QuerySource{Text: "SELECT << params.id >>, << params.note >>", Expect: envres.Nothing,
		Params: []envres.QueryParam{{Name: "id", Type: envres.TypeInteger},
			{Name: "note", Preset: envres.Some(""), Optional: true}}}
	equal(t, must(queries.Put("find", "crm", first, envres.Change{Reason: "new"})), int64(1))
	first.Expect = 0
	equal(t, must(queries.Put("find", "crm", first)), int64(1))
	fails(t, only(queries.Put("find", "crm", envres.QuerySource{Text: "SELECT 2", Expect: envres.Nothing})), envres.CodeChanged)
	equal(t, must(queries.Put("find", "db", envres.QuerySource{Text: "SELECT 2", Expect: 1})), int64(2))
	fails(t, only(queries.Put("find", "crm", envres.QuerySource{Text: "SELECT 3", Expect: 1})), envres.CodeChanged)
	equal(t, must(queries.Restore("find", 1, change)), int64(3))
	fails(t, only(queries.Restore("find", 9)), envres.CodeNotFound)
	must(queries.Put("all", "api", envres.QuerySource{Path: "/users"}))
	equal(t, must(queries.List()), []envres.QueryListRow{
		{Name: "all", Resource: "api", Kind: "rest", Revision: 1, Author: "owner", Time: noon},
		{Name: "find", Resource: "crm", Kind: "postgres", Revision: 3, Params: 2, Author: "owner", Time: noon}})
	equal(t, must(queries.History("find"))[:2], []envres.QueryHistoryRow{
		{Revision: 3, Resource: "crm", Author: "owner", Time: noon, Restored: envres.Some[int64](1)},
		{Revision: 2, Resource: "db", Author: "owner", Time: noon}})
	query := must(queries.Open("find"))
	equal(t, []interface{}{query.Resource(), query.Kind(), query.Revision(), query.Source(), query.Method(), query.Path(), query.Headers()},
		[]interface{}{"crm", "postgres", int64(3), first.Text, "", "", ""})
	equal(t, must(query.Params()), []envres.QueryParamRow{{Name: "id", Type: "integer", Required: true},
		{Name: "note", Type: "string", Preset: envres.Some("")}})
	equal(t, must(queries.Open("find", 2)).Source(), "SELECT 2")
	equal(t, strings.Contains(fails(t, only(queries.Open("fnid")), envres.CodeNotFound).Hint, "find"), true)
	fails(t, session.Resources().Remove("crm"), envres.CodeReferred)
	check(queries.Remove("find"))
	for _, err := range []error{only(queries.Open("find")), only(queries.History("find")), queries.Remove("find")} {
		fails(t, err, envres.CodeNotFound)
	}
}

func TestWhatCannotBePut(t *testing.T) {
	_, queries, _ := newQueries(t)
	one := []envres.QueryParam{{Name: "a", Type: envres.TypeInteger}}
	many := make([]envres.QueryParam, 257)
	for i := range many {
		many[i] = one[0]
	}
	for _, row := range []struct {
		code           envres.Code
		name, resource string
		source         envres.QuerySource
	}{
		{envres.CodeName, "1q", "crm", envres.QuerySource{Text: "SELECT 1"}},
		{envres.CodeNotFound, "q", "cms", envres.QuerySource{Text: "SELECT 1"}},
		{envres.CodeType, "q", "kv", envres.QuerySource{Text: "GET k"}},
		{envres.CodeInvalid, "q", "crm", envres.QuerySource{}},
		{envres.CodeInvalid, "q", "crm", envres.QuerySource{Text: 5}},
		{envres.CodeInvalid, "q", "crm", envres.QuerySource{Text: "SELECT 1", Path: "/x"}},
		{envres.CodeSQLContext, "q", "crm", envres.QuerySource{Text: "SELECT '<< params.a >>'", Params: one}},
		{envres.CodeNotFound, "q", "crm", envres.QuerySource{Text: "SELECT << params.b >>", Params: one}},
		{envres.CodeNameTaken, "q", "crm", envres.QuerySource{Text: "SELECT 1", Params: many[:2]}},
		{envres.CodeLimit, "q", "crm", envres.QuerySource{Text: "SELECT 1", Params: many}},
		{envres.CodeType, "q", "crm", envres.QuerySource{Text: "SELECT 1", Params: []envres.QueryParam{
			{Name: "a", Type: envres.TypeInteger, Preset: envres.Some("x")}}}},
		{envres.CodeType, "q", "crm", envres.QuerySource{Text: "SELECT 1", Params: []envres.QueryParam{
			{Name: "a", Type: envres.TypeTemplate}}}},
		{envres.CodeInvalid, "q", "api", envres.QuerySource{Path: "https://elsewhere/"}},
		{envres.CodeInvalid, "q", "api", envres.QuerySource{Path: "/", Method: "FETCH"}},
		{envres.CodeInvalid, "q", "api", envres.QuerySource{Path: "/", Headers: "[]"}},
		{envres.CodeJSON, "q", "api", envres.QuerySource{Path: "/", Text: "{"}}} {
		fails(t, only(queries.Put(row.name, row.resource, row.source)), row.code)
	}
	equal(t, len(must(queries.List())), 0)
}

func TestStatementsOfQueries(t *testing.T) {
	_, queries, scope := newQueries(t)
	must(queries.Put("find", "db", envres.QuerySource{
		Text: "SELECT << params.v >>, << environment.variables.REGION >> FROM t WHERE id IN << params.ids | list >> LIMIT << params.rows >>",
		Params: []envres.QueryParam{{Name: "v"}, {Name: "ids", Type: envres.TypeJSON},
			{Name: "rows", Type: envres.TypeInteger, Preset: envres.Some("9")}}}))
	query := must(queries.Open("find"))
	for _, hostile := range []string{"O'Neil", "'; DROP TABLE t; --", "<< params.v >>", "", "\U0001f4a9"} {
		result := must(query.Render(scope, with(envres.Values{"v": hostile, "ids": []int{1, 3}})))
		statement := must(result.Statement())
		for _, none := range []*envres.Text{must(result.Method()), must(result.Path()), must(result.Headers()), must(result.Body())} {
			equal(t, none == nil, true)
		}
		check(result.Close())
		equal(t, statement.Text(), "SELECT ?, ? FROM t WHERE id IN (?, ?) LIMIT ?")
		equal(t, must(statement.Reveal()), []interface{}{hostile, "eu", int64(1), int64(3), int64(9)})
	}
	params := must(envres.NewParams(envres.Values{"v": "x", "ids": []int{1}, "rows": 1}))
	few := must(must(query.Render(scope, envres.QueryOptions{Params: params})).Statement())
	kinds := must(few.Types())
	equal(t, kinds[len(kinds)-1], envres.TypeInteger)
	fails(t, only(query.Render(scope, envres.QueryOptions{Params: params, OutputMax: 8})), envres.CodeLimit)
}

func TestTypesOfParameters(t *testing.T) {
	_, queries, scope := newQueries(t)
	for _, row := range []struct {
		kind         envres.Type
		value        interface{}
		reads        bool
		bound        interface{}
		boundAsTyped bool
	}{
		{envres.TypeString, "a", false, "a", true}, {envres.TypeString, 1, false, nil, false},
		{envres.TypeString, nil, false, nil, false},
		{envres.TypeInteger, int64(math.MinInt64), false, int64(math.MinInt64), true},
		{envres.TypeInteger, "9223372036854775808", true, nil, false},
		{envres.TypeInteger, 1.5, false, nil, false}, {envres.TypeInteger, true, false, nil, false},
		{envres.TypeInteger, "5", false, nil, false}, {envres.TypeInteger, "5", true, int64(5), true},
		{envres.TypeInteger, "5; DROP", true, nil, false}, {envres.TypeNumber, 1.5, false, 1.5, true},
		{envres.TypeBoolean, false, false, false, true}, {envres.TypeBoolean, "yes", true, nil, false},
		{envres.TypeJSON, map[string][]int{"a": {1}}, false, `{"a":[1]}`, true}, {envres.TypeJSON, "{", true, nil, false},
		{envres.TypeTimestamp, noon, false, "2023-11-14T22:13:20Z", true},
		{envres.TypeTimestamp, "yesterday", false, nil, false}} {
		must(queries.Put("q", "crm", envres.QuerySource{Text: "SELECT << params.value >>",
			Params: []envres.QueryParam{{Name: "value", Type: row.kind}}}))
		query := must(queries.Open("q"))
		fails(t, only(query.Render(scope)), envres.CodeNotSet)
		options := with(envres.Values{"value": row.value})
		options.ReadStrings = row.reads
		result, err := query.Render(scope, options)
		if !row.boundAsTyped {
			equal(t, fails(t, err, envres.CodeType).Subject, "value")
		} else {
			statement := must(must(result, err).Statement())
			equal(t, statement.Text(), "SELECT $1")
			equal(t, must(statement.Parameters()), []interface{}{row.bound})
		}
		err = only(query.Render(scope, with(envres.Values{"value": row.value, "vaule": 1})))
		equal(t, strings.Contains(fails(t, err, envres.CodeNotFound).Hint, "value"), true)
	}
}

func TestARequest(t *testing.T) {
	_, queries, scope := newQueries(t)
	source := envres.QuerySource{Text: `{"who": "<< params.who >>"}`, Path: "/users/<< params.id >>?who=<< params.who >>",
		Headers: `{"Authorization": "Bearer << environment.variables.TOKEN >>"}`,
		Params:  []envres.QueryParam{{Name: "id"}, {Name: "who"}}}
	must(queries.Put("user", "api", source))
	query := must(queries.Open("user"))
	equal(t, []string{query.Kind(), query.Source(), query.Method(), query.Path(), query.Headers()},
		[]string{"rest", source.Text.(string), "", source.Path, source.Headers})
	given := with(envres.Values{"id": "a/../b?c", "who": `O'Neil "x"`})
	result := must(query.Render(scope, given))
	equal(t, must(result.Statement()) == nil, true)
	equal(t, must(result.Method()).String(), "POST")
	equal(t, must(result.Path()).String(), "/users/a%2F..%2Fb%3Fc?who=O%27Neil%20%22x%22")
	var body map[string]string
	check(json.Unmarshal([]byte(must(result.Body()).String()), &body))
	equal(t, body, map[string]string{"who": `O'Neil "x"`})
	headers := *must(result.Headers())
	check(result.Close())
	equal(t, []interface{}{headers.IsSecret(), headers.String()}, []interface{}{true, "***"})
	equal(t, strings.Contains(reveal(headers), "Bearer "+mark), true)
	shown := must(headers.Secret().Redacted("#"))
	equal(t, strings.Contains(shown, "Bearer #") && !strings.Contains(shown, mark), true)
	given.NoSecrets = true
	fails(t, only(query.Render(scope, given)), envres.CodeSecretSink)
	fails(t, only(query.Render(scope, with(envres.Values{"id": "..", "who": "x"}))), envres.CodeInvalid)
	must(queries.Put("ping", "api", envres.QuerySource{Path: "/ping"}))
	bare := must(must(queries.Open("ping")).Render(scope))
	equal(t, []interface{}{must(bare.Method()).String(), must(bare.Headers()) == nil, must(bare.Body()) == nil},
		[]interface{}{"GET", true, true})
}

func TestQueriesAfterClose(t *testing.T) {
	session, queries, scope := newQueries(t)
	must(queries.Put("find", "crm", envres.QuerySource{Text: "SELECT << params.v >>", Params: []envres.QueryParam{{Name: "v"}}}))
	query := must(queries.Open("find"))
	result := must(query.Render(scope, with(envres.Values{"v": secret(mark)})))
	statement := must(result.Statement())
	check(session.Close())
	closedNow(t, only(queries.List()))
	check(query.Close())
	check(result.Close())
	for _, err := range []error{only(query.Params()), only(query.Render(scope)), only(result.Statement()),
		only(result.Method()), only(result.Body())} {
		closedNow(t, err)
	}
	collect()
	found := must(statement.Parameters())
	_, hidden := found[0].(*envres.Secret)
	equal(t, []interface{}{statement.Text(), hidden, must(statement.Reveal())[0]}, []interface{}{"SELECT $1", true, mark})
	check(statement.Close())
	check(statement.Close())
	closedNow(t, only(statement.Reveal()))
}

func TestPins(t *testing.T) {
	session, queries, plain := newQueries(t)
	check(session.Apps().Create("shop"))
	must(queries.Put("find", "crm", envres.QuerySource{Text: "SELECT 1"}))
	must(queries.Put("list", "crm", envres.QuerySource{Text: "SELECT 'a'"}))
	check(queries.Pin("shop", "", "find"))
	check(queries.Pin("shop", "v1", "list", envres.PinOptions{Revision: 1, Change: change}))
	must(queries.Put("find", "crm", envres.QuerySource{Text: "SELECT 2"}))
	must(queries.Put("list", "crm", envres.QuerySource{Text: "SELECT 'b'"}))
	find := envres.QueryPinRow{Name: "find", Resource: "crm", Revision: 2, Follows: true, Newest: envres.Some[int64](2)}
	equal(t, must(queries.Pins("shop", "v1")), []envres.QueryPinRow{find,
		{Name: "list", Resource: "crm", Revision: 1, Newest: envres.Some[int64](2)}})
	fails(t, queries.Pin("shop", "", "fnid"), envres.CodeNotFound)
	fails(t, queries.Pin("shop", "", "find", envres.PinOptions{Revision: 9}), envres.CodeNotFound)
	fails(t, queries.Unpin("shop", "", "lost"), envres.CodeNotFound)
	fails(t, queries.Remove("find"), envres.CodeReferred)
	scope := must(session.Scope("development", envres.ScopeOptions{App: "shop", Version: "v1"}))
	query := must(scope.Query("find"))
	equal(t, strings.Contains(fails(t, only(scope.Query("fnid")), envres.CodeNotFound).Hint, "find"), true)
	check(scope.Close())
	closedNow(t, only(scope.Query("find")))
	equal(t, []interface{}{query.Revision(), query.Source()}, []interface{}{int64(2), "SELECT 2"})
	fails(t, only(plain.Query("find")), envres.CodeInvalid)
	check(queries.Unpin("shop", "", "list"))
	equal(t, must(queries.Pins("shop", "")), []envres.QueryPinRow{find})
	check(queries.Remove("find", envres.Change{Force: true}))
	find.Newest = nil
	equal(t, must(queries.Pins("shop", "v1")), []envres.QueryPinRow{find})
}
