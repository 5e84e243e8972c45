// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/hex"
	"errors"
	"sort"
	"strings"
	"testing"

	envres "envres.dev/go"
)

// The shared vectors of templates, through the public interface. Each test goes
// through all cases of its file and compares their number with the file's own.

var types = map[string]envres.Type{}

func init() {
	for kind := envres.TypeDefault; kind <= envres.TypeTimestamp; kind++ {
		types[kind.String()] = kind
	}
}

type cell struct {
	Name, Type, Value string
	Secret            bool
}

type expectation struct {
	Error, When, Mentions string
	Offset, Line, Column  *int
}

// counted is a runner's last word.
func counted(t *testing.T, ran, count int) {
	t.Helper()
	t.Logf("%d cases", ran)
	if ran != count {
		t.Errorf("%d cases were run, the file has %d", ran, count)
	}
}

// expected holds an error against what a case says of it.
func expected(t *testing.T, name string, err error, want expectation) {
	t.Helper()
	var own *envres.Error
	if !errors.As(err, &own) || own.Name() != want.Error {
		t.Errorf("%s: %v in place of %s", name, err, want.Error)
		return
	}
	for place, pair := range map[string][2]*int{"offset": {want.Offset, &own.Offset},
		"line": {want.Line, &own.Line}, "column": {want.Column, &own.Column}} {
		if pair[0] != nil && *pair[0] != *pair[1] {
			t.Errorf("%s: %s %d in place of %d", name, place, *pair[1], *pair[0])
		}
	}
	if !strings.Contains(own.Message+own.Hint, want.Mentions) {
		t.Errorf("%s: %s; %s", name, own.Message, own.Hint)
	}
}

func yes(value bool) envres.Choice {
	if value {
		return envres.Yes
	}
	return envres.No
}

func keysOf[T any](values map[string]T) []string {
	keys := []string{}
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// ---- templates.json ----------------------------------------------------------------------------

type templateCase struct {
	expectation
	Name, Environment, Context, Template string
	TemplateHex                          string `json:"template_hex"`
	Parts                                [][2]interface{}
	Strict                               bool
	NoSecrets                            bool `json:"no_secrets"`
	Params                               map[string]cell
	Expect                               string
	Secret                               *bool
	References                           []struct {
		Kind, Name, Hint     string
		Offset, Line, Column int64
		Default              int
	}
}

type templateFile struct {
	Count        int
	Environments map[string]struct {
		Label     string
		Variables map[string]cell
		Resources map[string]struct {
			Kind   string
			Fields map[string]cell
		}
	}
	Refused []struct{ Environment, Variable, Type, Value, Error string }
	Cases   []templateCase
}

func fillTemplates(session *envres.Session, file templateFile) {
	for _, key := range keysOf(file.Environments) {
		environment := file.Environments[key]
		if _, err := session.Environments().Describe(key); err != nil {
			check(session.Environments().Add(key,
				envres.EnvironmentOptions{Change: change, Label: environment.Label}))
		} else {
			check(session.Environments().Set(key,
				envres.EnvironmentChange{Change: change, Label: &environment.Label}))
		}
		writes := []envres.Write{}
		for _, name := range keysOf(environment.Variables) {
			row := environment.Variables[name]
			writes = append(writes, envres.Write{Name: name, Value: row.Value, Type: types[row.Type],
				Secret: yes(row.Secret)})
		}
		sort.SliceStable(writes, func(i, j int) bool {
			return writes[i].Type != envres.TypeTemplate && writes[j].Type == envres.TypeTemplate
		})
		must(session.Variables().PutMany(key, writes, change))
		for _, name := range keysOf(environment.Resources) {
			resource := environment.Resources[name]
			check(session.Resources().Define(name, resource.Kind, change))
			fields, sealed := envres.Fields{}, []string{}
			for field, row := range resource.Fields {
				fields[field] = row.Value
				if row.Secret {
					sealed = append(sealed, field)
				}
			}
			must(session.Resources().Configure(key, name, fields,
				envres.ConfigureOptions{Change: change, Secret: sealed}))
		}
	}
}

func source(one templateCase) interface{} {
	if one.TemplateHex != "" {
		return must(hex.DecodeString(one.TemplateHex))
	}
	text := one.Template
	for _, part := range one.Parts {
		text += strings.Repeat(part[0].(string), int(part[1].(float64)))
	}
	return text
}

func paramsOf(cells map[string]cell) envres.Values {
	values := envres.Values{}
	for name, row := range cells {
		one := envres.Typed{Type: types[row.Type], Text: row.Value}
		if row.Secret {
			one.Text = secret(row.Value)
		}
		values[name] = one
	}
	return values
}

func runTemplate(t *testing.T, one templateCase, scope *envres.Scope) (envres.Text, error) {
	contexts := map[string]envres.Context{"text": envres.ContextText, "json": envres.ContextJSON,
		"url": envres.ContextURL, "shell": envres.ContextShell}
	template, err := envres.ParseTemplate(source(one),
		envres.TemplateOptions{Context: contexts[one.Context], Strict: one.Strict})
	if err != nil {
		return envres.Text{}, err
	}
	defer template.Close()
	if one.References != nil {
		rows := must(template.References())
		if len(rows) != len(one.References) {
			t.Fatalf("%s: %d references", one.Name, len(rows))
		}
		for i, row := range rows {
			want, hint := one.References[i], ""
			if row.Hint != nil {
				hint = *row.Hint
			}
			equal(t, []interface{}{row.Kind, row.Name, row.Offset, row.Line, row.Column, row.Default, hint},
				[]interface{}{want.Kind, want.Name, want.Offset, want.Line, want.Column, want.Default == 1, want.Hint})
		}
	}
	options := envres.RenderOptions{Params: paramsOf(one.Params), NoSecrets: one.NoSecrets}
	out, err := template.Render(scope, options)
	if err != nil {
		return out, err
	}
	bound := must(template.Bind(scope, options))
	defer bound.Close()
	equal(t, reveal(must(bound.Render())), reveal(out))
	return out, nil
}

func TestVectorsOfTemplates(t *testing.T) {
	_, session := newSession(t)
	file := read[templateFile]("tests", "vectors", "templates.json")
	fillTemplates(session, file)
	for _, row := range file.Refused {
		_, err := session.Variables().Put(row.Environment, row.Variable, row.Value,
			envres.PutOptions{Change: change, Type: types[row.Type]})
		expected(t, row.Variable, err, expectation{Error: row.Error})
	}
	for _, one := range file.Cases {
		scope := must(session.Scope(one.Environment))
		out, err := runTemplate(t, one, scope)
		check(scope.Close())
		if one.Error != "" || err != nil {
			expected(t, one.Name, err, one.expectation)
			continue
		}
		if reveal(out) != one.Expect || one.Secret != nil && *one.Secret != out.IsSecret() {
			t.Errorf("%s: %q (secret: %t)", one.Name, reveal(out), out.IsSecret())
		}
	}
	counted(t, len(file.Cases), file.Count)
}
