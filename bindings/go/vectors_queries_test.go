// SPDX-License-Identifier: MIT

package envres_test

import (
	"errors"
	"testing"

	envres "envres.dev/go"
)

// The shared vectors of queries, through the public interface.

type queryCase struct {
	Name, Resource, Method, Path, Headers string
	Text                                  *string
	Declared                              []struct {
		Name, Type string
		Preset     *string
		Optional   bool
	}
	Given       map[string]cell
	ReadStrings bool `json:"read_strings"`
	Statement   *struct {
		Text   string
		Params []struct {
			Name, Type string
			Value      *string
		}
	}
	Request     map[string]string
	Error, When string
	Subject     *string
}

func runQuery(t *testing.T, session *envres.Session, scope *envres.Scope, one queryCase) (when string, err error) {
	source := envres.QuerySource{Method: one.Method, Path: one.Path, Headers: one.Headers}
	if one.Text != nil {
		source.Text = *one.Text
	}
	for _, row := range one.Declared {
		source.Params = append(source.Params, envres.QueryParam{Name: row.Name, Type: types[row.Type],
			Preset: row.Preset, Optional: row.Optional})
	}
	if _, err := session.Queries().Put("q", one.Resource, source); err != nil {
		return "put", err
	}
	query := must(session.Queries().Open("q"))
	defer query.Close()
	result, err := query.Render(scope, envres.QueryOptions{Params: paramsOf(one.Given), ReadStrings: one.ReadStrings})
	if err != nil {
		return "render", err
	}
	defer result.Close()
	statement := must(result.Statement())
	if (statement != nil) != (one.Statement != nil) {
		t.Errorf("%s: a statement or a request", one.Name)
		return "", nil
	}
	if statement != nil {
		names, wanted := []string{}, []interface{}{}
		for _, row := range one.Statement.Params {
			names, wanted = append(names, row.Name), append(wanted, driven(row.Type, row.Value))
		}
		equal(t, []interface{}{statement.Text(), must(statement.Names()), must(statement.Reveal())},
			[]interface{}{one.Statement.Text, names, wanted})
		return "", nil
	}
	found := map[string]string{}
	for name, text := range map[string]*envres.Text{"method": must(result.Method()), "path": must(result.Path()),
		"headers": must(result.Headers()), "body": must(result.Body())} {
		if text != nil {
			found[name] = reveal(*text)
		}
	}
	equal(t, found, one.Request)
	return "", nil
}

func TestVectorsOfQueries(t *testing.T) {
	_, session := newSession(t)
	file := read[struct {
		Count     int
		Variables map[string]cell
		Resources map[string]string
		Cases     []queryCase
	}]("tests", "vectors", "queries.json")
	for name, row := range file.Variables {
		must(session.Variables().Put("development", name, row.Value, envres.PutOptions{Type: types[row.Type]}))
	}
	for name, kind := range file.Resources {
		check(session.Resources().Define(name, kind))
	}
	scope := must(session.Scope("development"))
	for _, one := range file.Cases {
		when, err := runQuery(t, session, scope, one)
		if err == nil && one.Error == "" {
			continue
		}
		var own *envres.Error
		if !errors.As(err, &own) || own.Name() != one.Error || when != one.When ||
			one.Subject != nil && own.Subject != *one.Subject {
			t.Errorf("%s: at %s, %v", one.Name, when, err)
		}
	}
	counted(t, len(file.Cases), file.Count)
}
