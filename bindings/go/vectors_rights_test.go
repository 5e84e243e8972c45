// SPDX-License-Identifier: MIT

package envres_test

import (
	"errors"
	"testing"

	envres "envres.dev/go"
)

// The actions that are one call each, whatever stands in the store; the others are asked by
// tests/unit/test_policy.c, cell for cell.
var asked = map[string]func(session *envres.Session, key string) error{
	"see names": func(s *envres.Session, key string) error { return only(s.Variables().List(key)) },
	"read values": func(s *envres.Session, key string) error {
		return only(s.Variables().Get(key, "PLAIN"))
	},
	"use secrets": func(s *envres.Session, key string) error {
		scope, err := s.Scope(key)
		if err != nil {
			return err
		}
		return only(scope.Get("SECRET"))
	},
	"reveal secrets": func(s *envres.Session, key string) error {
		return only(s.Variables().Get(key, "SECRET", envres.ReadOptions{Reveal: true}))
	},
	"change values": func(s *envres.Session, key string) error {
		return only(s.Variables().Put(key, "PLAIN", "2", envres.PutOptions{Change: change}))
	},
	"read the audit": func(s *envres.Session, key string) error {
		return only(s.Audit().List(envres.AuditFilter{Environment: key}))
	},
}

func TestVectorsOfRights(t *testing.T) {
	store, session := newSession(t)
	file := read[struct {
		Count  int
		Rights []struct {
			Action           string
			Plain, Protected map[string]string
		}
	}]("tests", "vectors", "rights.json")
	for _, key := range []string{"development", "production"} {
		put := envres.PutOptions{Change: change}
		must(session.Variables().Put(key, "PLAIN", "1", put))
		must(session.Variables().Put(key, "SECRET", secret("2"), put))
	}
	ran, cells, roles := 0, 0, envres.RoleAuditor-envres.RoleViewer+1
	for role := envres.RoleViewer; role <= envres.RoleAuditor; role++ {
		name := "the " + role.String()
		credential := envres.RawKey(raw(byte(role) + 40)).For(name)
		check(session.Principals().Add(name, credential, envres.PrincipalOptions{Role: role}))
		acting := must(store.Session(credential))
		for _, row := range file.Rights {
			for key, verdicts := range map[string]map[string]string{
				"development": row.Plain, "production": row.Protected} {
				cells++
				if asked[row.Action] == nil {
					continue
				}
				ran++
				verdict := verdicts[role.String()]
				err := asked[row.Action](acting, key)
				if allowed := verdict == "allow" || verdict == "quorum"; allowed != (err == nil) ||
					err != nil && !errors.Is(err, envres.CodeDenied) {
					t.Errorf("%s as %s in %s: %v, not %s", row.Action, role, key, err, verdict)
				}
			}
		}
		check(acting.Close())
	}
	equal(t, ran, len(asked)*int(roles)*2)
	counted(t, cells, file.Count)
}
