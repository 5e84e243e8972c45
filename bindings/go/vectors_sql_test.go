// SPDX-License-Identifier: MIT

package envres_test

import (
	"strconv"
	"testing"

	envres "envres.dev/go"
)

type sqlCase struct {
	expectation
	Name, Dialect, Style, Template, Text string
	Given                                map[string]cell
	Allow                                []string
	First                                int
	Params                               []struct {
		cell
		Value *string
	}
}

// driven is what a driver is given for a parameter, from its type and text.
func driven(kind string, text *string) interface{} {
	switch kind {
	case "integer":
		return must(strconv.ParseInt(*text, 10, 64))
	case "number":
		return must(strconv.ParseFloat(*text, 64))
	case "boolean":
		return *text == "true"
	case "null":
		return nil
	}
	return *text
}

func runStatement(t *testing.T, one sqlCase, scope *envres.Scope) (when string, err error) {
	dialects := map[string]envres.Dialect{"postgres": envres.DialectPostgres,
		"mysql": envres.DialectMysql, "sqlite": envres.DialectSqlite}
	styles := map[string]envres.Style{"dollar": envres.StyleDollar, "qmark": envres.StyleQmark,
		"colon": envres.StyleColon}
	template, err := envres.ParseTemplate(one.Template, envres.TemplateOptions{
		Context: envres.ContextSQL, Dialect: dialects[one.Dialect], Style: styles[one.Style]})
	if err != nil {
		return "parse", err
	}
	params, err := envres.NewParams(paramsOf(one.Given), one.Allow...)
	if err != nil {
		return "render", err
	}
	statement, err := template.Prepare(scope, envres.RenderOptions{Params: params})
	if err != nil {
		return "render", err
	}
	if one.First == 0 {
		one.First = 1
	}
	equal(t, []interface{}{statement.Text(), statement.First(), statement.Len()},
		[]interface{}{one.Text, one.First, len(one.Params)})
	names, kinds := must(statement.Names()), must(statement.Types())
	values, clear := must(statement.Parameters()), must(statement.Reveal())
	for i, row := range one.Params {
		want := driven(row.Type, row.Value)
		if row.Secret {
			want = *row.Value
		}
		_, hidden := values[i].(*envres.Secret)
		equal(t, []interface{}{names[i], kinds[i].String(), hidden, clear[i]},
			[]interface{}{row.Name, row.Type, row.Secret, want})
	}
	return "", nil
}

func TestVectorsOfStatements(t *testing.T) {
	_, session := newSession(t)
	file := read[struct {
		Count     int
		Variables map[string]cell
		Cases     []sqlCase
	}]("tests", "vectors", "sql.json")
	for name, row := range file.Variables {
		must(session.Variables().Put("development", name, row.Value,
			envres.PutOptions{Type: types[row.Type], Secret: yes(row.Secret)}))
	}
	scope := must(session.Scope("development"))
	for _, one := range file.Cases {
		when, err := runStatement(t, one, scope)
		if one.Error != "" || err != nil {
			expected(t, one.Name, err, one.expectation)
			if when != one.When {
				t.Errorf("%s: at %s", one.Name, when)
			}
		}
	}
	counted(t, len(file.Cases), file.Count)
}
