// SPDX-License-Identifier: MIT

package envres_test

import (
	"errors"
	"sort"
	"strings"
	"testing"

	envres "envres.dev/go"
)

type resourceCase struct {
	Name, Kind, Environment, Fallback string
	Variables                         []struct {
		cell
		Environment string
	}
	Elsewhere map[string]map[string]string
	Fields    map[string]string
	Secret    []string
	Expect    *struct {
		Fields       map[string]string
		SecretFields []string `json:"secret_fields"`
		URL, DSN     *string
		URLSecret    bool    `json:"url_secret"`
		DSNSecret    bool    `json:"dsn_secret"`
		RedactedURL  *string `json:"redacted_url"`
		Environment  string
		Fallback     bool
	}
	Error struct {
		At, Code, Mentions string
		Subject            *string
	}
}

func fieldsOf(texts map[string]string) envres.Fields {
	fields := envres.Fields{}
	for name, text := range texts {
		fields[name] = text
	}
	return fields
}

func runResource(session *envres.Session, one resourceCase) (resource *envres.Resource, at string, err error) {
	for _, row := range one.Variables {
		must(session.Variables().Put(row.Environment, row.Name, row.Value,
			envres.PutOptions{Change: change, Type: types[row.Type], Secret: yes(row.Secret)}))
	}
	if err := session.Resources().Define("it", one.Kind, change); err != nil {
		return nil, "define", err
	}
	options := envres.ConfigureOptions{Change: change}
	for key, fields := range one.Elsewhere {
		must(session.Resources().Configure(key, "it", fieldsOf(fields), options))
	}
	options.Secret = one.Secret
	if one.Fields != nil {
		_, err := session.Resources().Configure(one.Environment, "it", fieldsOf(one.Fields), options)
		if err != nil {
			return nil, "configure", err
		}
	}
	if one.Fallback != "" {
		if err := session.Resources().Fallback(one.Environment, "it", one.Fallback, change); err != nil {
			return nil, "fallback", err
		}
	}
	scope := must(session.Scope(one.Environment))
	defer scope.Close()
	resource, err = scope.Resource("it")
	return resource, "resolve", err
}

func sorted(texts []string) []string {
	texts = append([]string{}, texts...)
	sort.Strings(texts)
	return texts
}

// said is a text that a resource may not have.
func said(t *testing.T, name string, text envres.Text, err error, want *string, hidden bool) {
	t.Helper()
	if want == nil {
		fails(t, err, envres.CodeField)
	} else if err != nil || reveal(text) != *want || text.IsSecret() != hidden {
		t.Errorf("%s: %v, %v in place of %s", name, text, err, *want)
	}
}

func checkResource(t *testing.T, one resourceCase, resource *envres.Resource, order []string) {
	t.Helper()
	expect, found := one.Expect, map[string]string{}
	hidden := map[string]bool{}
	for _, name := range expect.SecretFields {
		hidden[name] = true
	}
	for _, name := range resource.Fields() {
		text := must(resource.Get(name))
		found[name] = reveal(text)
		equal(t, text.IsSecret(), hidden[name])
	}
	equal(t, found, expect.Fields)
	equal(t, resource.Len(), len(expect.Fields))
	equal(t, sorted(resource.SecretFields()), sorted(expect.SecretFields))
	if one.Kind != "custom" {
		inOrder := []string{}
		for _, name := range order {
			if _, ok := found[name]; ok {
				inOrder = append(inOrder, name)
			}
		}
		equal(t, resource.Fields(), inOrder)
	}
	url, err := resource.URL()
	said(t, one.Name, url, err, expect.URL, expect.URLSecret)
	dsn, err := resource.DSN()
	said(t, one.Name, dsn, err, expect.DSN, expect.DSNSecret)
	shown, err := resource.RedactedURL()
	said(t, one.Name, envres.PlainText(shown), err, expect.RedactedURL, false)
	if expect.Environment == "" {
		expect.Environment = one.Environment
	}
	equal(t, resource.Environment(), expect.Environment)
	equal(t, resource.IsFallback(), expect.Fallback)
	equal(t, resource.Kind(), one.Kind)
}

func TestVectorsOfResources(t *testing.T) {
	file := read[struct {
		Count int
		Cases []resourceCase
	}]("tests", "vectors", "resources.json")
	order := map[string][]string{}
	for _, row := range must(envres.Kinds()) {
		if row.Field != nil {
			order[row.Name] = append(order[row.Name], *row.Field)
		}
	}
	for _, one := range file.Cases {
		if one.Environment == "" {
			one.Environment = "development"
		}
		store := must(envres.CreateStore("", owner))
		session := must(store.Session(owner))
		resource, at, err := runResource(session, one)
		var own *envres.Error
		switch {
		case err == nil && one.Expect != nil:
			checkResource(t, one, resource, order[one.Kind])
			check(resource.Close())
		case !errors.As(err, &own) || at != one.Error.At || own.Name() != one.Error.Code:
			t.Errorf("%s: at %s, %v", one.Name, at, err)
		default:
			if want := one.Error.Subject; want != nil && own.Subject != *want ||
				!strings.Contains(own.Message+own.Hint, one.Error.Mentions) {
				t.Errorf("%s: %v", one.Name, own)
			}
		}
		check(session.Close())
		check(store.Close())
	}
	counted(t, len(file.Cases), file.Count)
}
