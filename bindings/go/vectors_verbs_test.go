// SPDX-License-Identifier: MIT

package envres_test

import (
	"fmt"

	envres "envres.dev/go"
)

// The verbs of the steps, as tests/vectors/README.md says.

var roles = map[string]envres.Role{}

func init() {
	for role := envres.RoleViewer; role <= envres.RoleAuditor; role++ {
		roles[role.String()] = role
	}
}

func (v step) scope(s *envres.Session) (*envres.Scope, error) {
	return s.Scope(v.environment(), envres.ScopeOptions{App: v.text("app"), Tag: v.text("tag"),
		Version: v.text("version"), Revision: member[int64](v, "revision")})
}

// inScope opens a scope for the length of work.
func (v step) inScope(s *envres.Session, work func(scope *envres.Scope) error) error {
	scope, err := v.scope(s)
	if err != nil {
		return err
	}
	defer scope.Close()
	return work(scope)
}

func (v step) template() (*envres.Template, error) {
	options := envres.TemplateOptions{Strict: v.yes("strict")}
	for _, context := range []envres.Context{envres.ContextJSON, envres.ContextURL, envres.ContextShell, envres.ContextSQL} {
		if v.text("context") == context.String() {
			options.Context = context
		}
	}
	for _, dialect := range []envres.Dialect{envres.DialectPostgres, envres.DialectMysql, envres.DialectSqlite} {
		if v.text("dialect") == dialect.String() {
			options.Dialect = dialect
		}
	}
	return envres.ParseTemplate(v.text("template"), options)
}

func render(_ *steps, s *envres.Session, v step) error {
	template, err := v.template()
	if err != nil {
		return err
	}
	params, err := envres.NewParams(v.values("P"), member[[]string](v, "allow")...)
	if err != nil {
		return err
	}
	options := envres.RenderOptions{Params: params, NoSecrets: v.yes("no_secrets"),
		OutputMax: member[uint64](v, "output_max")}
	return v.inScope(s, func(scope *envres.Scope) error {
		if v["dialect"] != nil {
			return only(template.Prepare(scope, options))
		}
		return only(template.Render(scope, options))
	})
}

func resolve(_ *steps, s *envres.Session, v step) error {
	return v.inScope(s, func(scope *envres.Scope) error {
		resource, err := scope.Resource(v.text("handle"))
		if err != nil || !v.yes("dsn") {
			return err
		}
		return only(resource.DSN())
	})
}

func readOne(_ *steps, s *envres.Session, v step) error {
	return v.inScope(s, func(scope *envres.Scope) error {
		name := v.text("name")
		return map[string]func() error{
			"boolean": func() error { return only(scope.GetBoolean(name)) },
			"integer": func() error { return only(scope.GetInteger(name)) },
			"double":  func() error { return only(scope.GetDouble(name)) },
			"string":  func() error { return only(scope.GetString(name)) },
			"json":    func() error { return only(scope.GetJSON(name)) },
		}[v.text("kind")]()
	})
}

func putMany(_ *steps, s *envres.Session, v step) error {
	writes := []envres.Write{}
	for n := 1; n <= member[int](v, "count"); n++ {
		writes = append(writes, envres.Write{Name: fmt.Sprint(v.text("name"), n), Value: "x"})
	}
	return only(s.Variables().PutMany(v.environment(), writes, v.change()))
}

func configure(_ *steps, s *envres.Session, v step) error {
	fields := envres.Fields{}
	texts := member[step](v, "fields")
	for name := range texts {
		fields[name] = texts.text(name)
	}
	for n := 1; n <= member[int](v, "count"); n++ {
		fields[fmt.Sprint("f", n)] = "x"
	}
	return only(s.Resources().Configure(v.environment(), v.text("handle"), fields,
		envres.ConfigureOptions{Change: v.change(), Secret: member[[]string](v, "secret")}))
}

func putQuery(_ *steps, s *envres.Session, v step) error {
	source := envres.QuerySource{Text: v.text("text")}
	for name, kind := range member[map[string]string](v, "params") {
		source.Params = append(source.Params, envres.QueryParam{Name: name, Type: types[kind]})
	}
	for n := 1; n <= member[int](v, "count"); n++ {
		source.Params = append(source.Params, envres.QueryParam{Name: fmt.Sprint("p", n)})
	}
	return only(s.Queries().Put(v.text("name"), v.text("resource"), source, v.change()))
}

func renderQuery(_ *steps, s *envres.Session, v step) error {
	return v.inScope(s, func(scope *envres.Scope) error {
		query, err := s.Queries().Open(v.text("name"))
		if err != nil {
			return err
		}
		return only(query.Render(scope, envres.QueryOptions{Params: v.values("P")}))
	})
}

func putParts(_ *steps, s *envres.Session, v step) error {
	writes := []envres.PartWrite{{Path: v.text("path"), Data: []byte(v.text("data"))}}
	if v["count"] != nil {
		writes = nil
		for n := 1; n <= member[int](v, "count"); n++ {
			writes = append(writes, envres.PartWrite{Path: fmt.Sprint(v.text("path"), n), Data: []byte("x")})
		}
	}
	return only(s.Parts().Put(v.text("app"), v.text("version"), writes, v.change()))
}

// seen looks a version up, and goes on with its row.
func seen(s *envres.Session, v step, use func(app, version string, row envres.VersionRow) error) error {
	app, version := v.text("app"), v.text("version")
	row, err := s.Versions().Describe(app, version)
	if err != nil {
		return err
	}
	return use(app, version, row)
}

// alive looks up what is live in an app, and goes on with its number.
func alive(s *envres.Session, v step, use func(app string, live int64) error) error {
	row, err := s.Apps().Describe(v.text("app"))
	if err != nil {
		return err
	}
	if row.LiveSequence == nil {
		row.LiveSequence = new(int64)
	}
	return use(v.text("app"), *row.LiveSequence)
}

func newest(s *envres.Session, use func(id string) error) error {
	rows, err := s.Requests().ListAll()
	if err != nil {
		return err
	}
	return use(rows[len(rows)-1].ID)
}

func closed(one interface{ Close() error }, err error) error {
	if err == nil {
		err = one.Close()
	}
	return err
}

type verb = func(r *steps, s *envres.Session, v step) error

var verbs map[string]verb

func init() {
	verbs = map[string]verb{
		"environment.add": func(_ *steps, s *envres.Session, v step) error {
			return s.Environments().Add(v.text("key"), envres.EnvironmentOptions{Change: v.change(),
				Label: v.text("label"), Color: v.text("color"), After: v.text("after"), OffPath: v.yes("off_path")})
		},
		"environment.set": func(_ *steps, s *envres.Session, v step) error {
			to := envres.EnvironmentChange{Change: v.change(), Label: v.maybe("label"), Color: v.maybe("color"),
				Protected: v.choice("protected"), RequireReason: v.choice("require_reason")}
			if v["approvals"] != nil {
				to.Approvals = envres.Some(member[uint32](v, "approvals"))
			}
			return s.Environments().Set(v.text("key"), to)
		},
		"environment.remove": func(_ *steps, s *envres.Session, v step) error {
			return s.Environments().Remove(v.text("key"), v.change())
		},
		"variable.put": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Variables().Put(v.environment(), v.text("name"), v.text("value"), envres.PutOptions{
				Change: v.change(), Type: types[v.text("type")], Secret: v.choice("secret"), Expect: v.expect()}))
		},
		"variable.put_many": putMany,
		"variable.get": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Variables().Get(v.environment(), v.text("name"), envres.ReadOptions{Reveal: v.yes("reveal")}))
		},
		"variable.unset": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Variables().Unset(v.environment(), v.text("name"), v.change()))
		},
		"variable.rename": func(_ *steps, s *envres.Session, v step) error {
			return s.Variables().Rename(v.text("name"), v.text("to"), v.change())
		},
		"variable.delete": func(_ *steps, s *envres.Session, v step) error {
			return s.Variables().Delete(v.text("name"), v.change())
		},
		"variable.destroy": func(_ *steps, s *envres.Session, v step) error {
			return s.Variables().Destroy(v.environment(), v.text("name"), member[int64](v, "revision"), v.change())
		},
		"restore": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Restore(v.environment(), member[int64](v, "revision"), v.text("name"), v.change()))
		},
		"references": func(_ *steps, s *envres.Session, v step) error { return only(s.References(v.text("object"))) },
		"resource.define": func(_ *steps, s *envres.Session, v step) error {
			return s.Resources().Define(v.text("handle"), v.text("kind"), v.change())
		},
		"resource.configure": configure,
		"resource.fallback": func(_ *steps, s *envres.Session, v step) error {
			return s.Resources().Fallback(v.environment(), v.text("handle"), v.text("to"), v.change())
		},
		"resource.remove": func(_ *steps, s *envres.Session, v step) error {
			return s.Resources().Remove(v.text("handle"), v.change())
		},
		"resolve": resolve, "read": readOne, "render": render,
		"scope":     func(_ *steps, s *envres.Session, v step) error { return closed(v.scope(s)) },
		"parse":     func(_ *steps, _ *envres.Session, v step) error { return only(v.template()) },
		"query.put": putQuery, "query.render": renderQuery,
		"part.put": putParts, "part.put_many": putParts,
		"app.create": func(_ *steps, s *envres.Session, v step) error {
			return s.Apps().Create(v.text("name"), envres.AppOptions{Change: v.change()})
		},
		"version.create": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Versions().Create(v.text("app"), envres.VersionOptions{Change: v.change(),
				Name: v.text("name"), Base: v.text("base"), Description: v.text("description")}))
		},
		"version.promote": func(_ *steps, s *envres.Session, v step) error {
			return seen(s, v, func(app, version string, row envres.VersionRow) error {
				return only(s.Versions().Promote(app, version, v.text("to"), row,
					envres.PromoteOptions{Change: v.change(), Through: v.yes("through")}))
			})
		},
		"version.discard": func(_ *steps, s *envres.Session, v step) error {
			return seen(s, v, func(app, version string, row envres.VersionRow) error {
				return s.Versions().Discard(app, version, row, v.change())
			})
		},
		"part.get": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Parts().Get(v.text("app"), v.text("version"), v.text("path")))
		},
		"release.create": func(_ *steps, s *envres.Session, v step) error {
			return seen(s, v, func(app, version string, row envres.VersionRow) error {
				return alive(s, v, func(app string, live int64) error {
					_, _, err := s.Releases().Create(app, version, v.text("tag"), row, live,
						envres.ReleaseOptions{Change: v.change(), Notes: v.text("notes")})
					return err
				})
			})
		},
		"release.rollback": func(_ *steps, s *envres.Session, v step) error {
			return alive(s, v, func(app string, live int64) error {
				_, _, err := s.Releases().Rollback(app, live, envres.RollbackOptions{
					Change: v.change(), To: v.text("to"), Version: v.text("version")})
				return err
			})
		},
		"release.withdraw": func(_ *steps, s *envres.Session, v step) error {
			return alive(s, v, func(app string, live int64) error {
				return only(s.Releases().Withdraw(app, live, v.change()))
			})
		},
		"principal.add": func(_ *steps, s *envres.Session, v step) error {
			of := "owner"
			if name := v.text("name"); name != "" {
				of = name
			}
			return s.Principals().Add(v.text("name"), keyOf(of), envres.PrincipalOptions{
				Change: v.change(), Role: roles[v.text("role")]})
		},
		"principal.remove": func(_ *steps, s *envres.Session, v step) error {
			return s.Principals().Remove(v.text("name"), v.change())
		},
		"role.grant": func(_ *steps, s *envres.Session, v step) error {
			return s.Roles().Grant(v.text("principal"), roles[v.text("role")], "", v.change())
		},
		"role.revoke": func(_ *steps, s *envres.Session, v step) error {
			return s.Roles().Revoke(v.text("principal"), roles[v.text("role")], "", v.change())
		},
		"slot.add": func(_ *steps, s *envres.Session, v step) error {
			return only(s.Slots().Add(v.text("label"), v.credential(), v.change()))
		},
		"slot.remove": func(_ *steps, s *envres.Session, v step) error {
			return s.Slots().Remove(member[int64](v, "ordinal"), v.change())
		},
		"request.approve": func(_ *steps, s *envres.Session, v step) error {
			return newest(s, func(id string) error { return s.Requests().Approve(id, v.change()) })
		},
		"request.withdraw": func(_ *steps, s *envres.Session, v step) error {
			return newest(s, func(id string) error { return s.Requests().Withdraw(id, v.change()) })
		},
		"request.run": func(_ *steps, s *envres.Session, v step) error {
			return newest(s, func(id string) error { return only(s.Requests().Run(id, v.change())) })
		},
		"session.open": func(r *steps, _ *envres.Session, v step) error {
			return closed(r.store.Session(v.credential(), v.text("workspace")))
		},
		"store.create": func(_ *steps, _ *envres.Session, v step) error {
			return closed(envres.CreateStore(v.text("path"), v.credential(),
				envres.StoreOptions{Owner: v.text("owner"), Workspace: v.text("workspace")}))
		},
		"store.open": func(_ *steps, _ *envres.Session, v step) error { return closed(envres.OpenStore(v.text("path"))) },
	}
}
