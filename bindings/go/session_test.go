// SPDX-License-Identifier: MIT

package envres_test

import (
	"path/filepath"
	"testing"

	envres "envres.dev/go"
)

// What a session does, group by group: that each call reaches the library with what it was given.

func TestStoreOnDisk(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "app.envres")
	store := must(envres.CreateStore(path, owner, envres.StoreOptions{Workspace: "acme", Owner: "ann"}))
	session := must(store.Session(owner, "acme"))
	equal(t, must(session.Info())["principal"], "ann")
	must(session.Variables().Put("development", "A", "1"))
	check(store.Backup(filepath.Join(folder, "copy.envres")))
	equal(t, must(store.Info())["library"], envres.Version())
	fails(t, only(envres.CreateStore(path, owner)), envres.CodeStoreExists)
	check(session.Close())
	check(store.Close())
	for _, name := range []string{"app.envres", "copy.envres"} {
		store := must(envres.OpenStore(filepath.Join(folder, name), envres.StoreOptions{ReadOnly: true}))
		session := must(store.Session(owner))
		equal(t, reveal(must(must(session.Scope("development")).Get("A"))), "1")
		equal(t, len(must(store.Verify(session)))+len(must(store.Verify(nil))), 0)
		fails(t, only(session.Variables().Put("development", "A", "2")), envres.CodeReadOnly)
		check(session.Close())
		check(store.Close())
	}
	fails(t, only(envres.OpenStore(filepath.Join(folder, "nothing"))), envres.CodeNoStore)
	fails(t, only(envres.OpenStore(path, envres.StoreOptions{VFS: "a\x00"})), envres.CodeInvalid)
}

func TestPollSeesAnotherStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	one := must(envres.CreateStore(path, owner))
	two := must(envres.OpenStore(path))
	defer one.Close()
	defer two.Close()
	writer, reader := must(one.Session(owner)), must(two.Session(owner))
	defer writer.Close()
	defer reader.Close()
	scope := must(reader.Scope("development"))
	if must(two.Poll()) || must(reader.Latest(scope)) != scope || scope.IsStale() {
		t.Error("nothing has changed")
	}
	must(writer.Variables().Put("development", "A", "1"))
	if !must(two.Poll()) || !scope.IsStale() {
		t.Error("something has changed")
	}
	fresh := must(reader.Latest(scope))
	equal(t, fresh == scope, false)
	equal(t, reveal(must(fresh.Get("A"))), "1")
	fails(t, only(scope.Get("A")), envres.CodeNotFound)
}

func TestWrongKeys(t *testing.T) {
	store := newStore(t)
	fails(t, only(store.Session(envres.RawKey(raw(9)))), envres.CodeKey)
	fails(t, only(store.Session(envres.RawKey("short"))), envres.CodeKeyFormat)
	fails(t, only(store.Session(owner, "elsewhere")), envres.CodeNotFound)
	for _, nothing := range []envres.Credential{{}, envres.RawKey(nil), envres.Provider(nil), envres.RawKey(5)} {
		fails(t, only(store.Session(nothing)), envres.CodeInvalid)
	}
}

func TestPassphrase(t *testing.T) {
	phrase := envres.Passphrase(secret("correct horse"))
	phrase.KDFPasses, phrase.KDFMemory = 2, 64<<20
	store := must(envres.CreateStore("", phrase))
	defer store.Close()
	check(must(store.Session(envres.Passphrase([]byte("correct horse")).For("owner"))).Close())
	fails(t, only(store.Session(envres.Passphrase("wrong horse"))), envres.CodeKey)
}

func TestEnvironments(t *testing.T) {
	_, session := newSession(t)
	all := session.Environments()
	check(all.Add("qa", envres.EnvironmentOptions{Label: "Quality", Color: "#8800aa", After: "staging"}))
	check(all.Add("lab", envres.EnvironmentOptions{OffPath: true}))
	check(all.Set("qa", envres.EnvironmentChange{Label: envres.Some("QA"), Protected: envres.Yes,
		RequireReason: envres.Yes, EditorsReveal: envres.Yes, RollbackApprovals: envres.Yes}))
	row := must(all.Describe("qa"))
	equal(t, []interface{}{row.Label, *row.Color, *row.Position, row.Protected, row.RequireReason, row.Reveals, row.Rollbacks},
		[]interface{}{"QA", "#8800aa", int64(3), true, true, true, true})
	keys := []string{}
	for _, row := range must(all.List()) {
		keys = append(keys, row.Key)
	}
	equal(t, keys, []string{"development", "staging", "qa", "production", "lab"})
	fails(t, only(session.Variables().Put("qa", "A", "1")), envres.CodeReason)
	check(all.Set("qa", envres.EnvironmentChange{Change: change, Color: envres.Some("red"),
		Protected: envres.No, RequireReason: envres.No, EditorsReveal: envres.No, RollbackApprovals: envres.No}))
	row = must(all.Describe("qa"))
	equal(t, []interface{}{*row.Color, row.Protected, row.RequireReason, row.Reveals, row.Rollbacks},
		[]interface{}{"red", false, false, false, false})
	must(session.Variables().Put("lab", "A", "1"))
	fails(t, all.Remove("lab"), envres.CodeReferred)
	check(all.Remove("lab", envres.Change{Force: true}))
	fails(t, all.Remove("staging"), envres.CodeFixed)
}

func TestVariables(t *testing.T) {
	_, session := newSession(t)
	all := session.Variables()
	first := must(all.Put("development", "PORT", "1", envres.PutOptions{Type: envres.TypeNumber, Expect: envres.Nothing}))
	fails(t, only(all.Put("development", "PORT", "2", envres.PutOptions{Expect: envres.Nothing})), envres.CodeChanged)
	second := must(all.Put("development", "PORT", "2", envres.PutOptions{Expect: first}))
	equal(t, second, first+1)
	must(all.PutMany("development", []envres.Write{{Name: "HOST", Value: "a"}, {Name: "KEY", Value: secret("k")}},
		envres.Change{Reason: "many"}))
	must(all.PutMany("staging", []envres.Write{{Name: "LIMITS", Value: []byte(`{"a":[1]}`), Type: envres.TypeJSON}}))
	equal(t, reveal(must(all.Get("development", "PORT"))), "2")
	fails(t, only(all.Get("development", "KEY")), envres.CodeSecretSink)
	found := must(all.Get("development", "KEY", envres.ReadOptions{Reveal: true}))
	equal(t, []interface{}{found.IsSecret(), reveal(found)}, []interface{}{true, "k"})
	for _, row := range must(all.List("development")) {
		if row.Name == "KEY" && (!row.Secret || row.Value != nil) || row.Name == "PORT" && !row.Time.Equal(noon) {
			t.Errorf("%+v", row)
		}
	}
	for _, row := range must(all.List("", envres.ReadOptions{Reveal: true})) {
		if row.Name == "KEY" && row.Set && reveal(*row.Value) != "k" {
			t.Errorf("%+v", row)
		}
	}
	history := must(all.History("development", "PORT"))
	equal(t, []string{history[0].Value.String(), history[1].Value.String()}, []string{"2", "1"})
	check(all.Destroy("development", "PORT", first))
	equal(t, must(all.History("development", "PORT"))[1].Destroyed, true)
	fails(t, all.Destroy("development", "PORT", second), envres.CodeReferred)
	check(all.Rename("HOST", "HOSTNAME"))
	must(all.Unset("development", "HOSTNAME"))
	check(all.Delete("KEY"))
	equal(t, len(must(all.List("staging"))), 3)
	must(all.Unset("development", "PORT"))
	made := must(session.Restore("development", second, "PORT"))
	equal(t, must(session.Scope("development")).Revision(), made)
	equal(t, reveal(must(all.Get("development", "PORT"))), "2")
}

func TestAnOperationIsDoneOnce(t *testing.T) {
	_, session := newSession(t)
	same := envres.PutOptions{Change: envres.Change{Reason: "once"}}
	copy(same.Operation[:], "0123456789abcdef")
	made := must(session.Variables().Put("development", "A", "1", same))
	equal(t, must(session.Variables().Put("development", "A", "1", same)), made)
	equal(t, len(must(session.Variables().History("development", "A"))), 1)
}

func TestReferences(t *testing.T) {
	_, session := newSession(t)
	must(session.Variables().Put("development", "HOST", "a"))
	must(session.Variables().Put("development", "URL", "//<< environment.variables.HOST >>",
		envres.PutOptions{Type: envres.TypeTemplate}))
	equal(t, must(session.References("variable/HOST")),
		[]envres.ReferenceRow{{From: "variable/URL", Environment: "development", Offset: 2}})
	fails(t, session.Variables().Delete("HOST"), envres.CodeReferred)
	check(session.Variables().Delete("HOST", envres.Change{Force: true}))
}

func TestResources(t *testing.T) {
	_, session := newSession(t)
	all := session.Resources()
	check(all.Define("crm", "postgres"))
	made := must(all.Configure("development", "crm", envres.Fields{"host": "db", "port": 5433,
		"database": envres.PlainText("crm"), "user": secret("app"), "password": "p@"}))
	fails(t, only(all.Configure("development", "crm", envres.Fields{"host": "x"},
		envres.ConfigureOptions{Expect: envres.Nothing})), envres.CodeChanged)
	check(all.Fallback("staging", "crm", "development"))
	scope := must(session.Scope("development"))
	crm := must(scope.Resource("crm"))
	check(scope.Close())
	equal(t, []interface{}{crm.Kind(), crm.SecretFields()}, []interface{}{"postgres", []string{"user", "password"}})
	equal(t, must(crm.Value("port")), int64(5433))
	if _, ok := must(crm.Value("user")).(*envres.Secret); !ok {
		t.Error("a secret field in clear")
	}
	equal(t, must(crm.RedactedURL()), "postgresql://***:***@db:5433/crm?sslmode=prefer")
	equal(t, reveal(must(crm.URL())), "postgresql://app:p%40@db:5433/crm?sslmode=prefer")
	fails(t, only(crm.Get("hostt")), envres.CodeField)
	fails(t, only(crm.Get("socket_dir")), envres.CodeNotSet)
	equal(t, must(must(session.Scope("staging")).Resource("crm")).IsFallback(), true)
	must(all.Configure("development", "crm", envres.Fields{"port": nil}, envres.ConfigureOptions{Expect: made}))
	fresh := must(must(session.Scope("development")).Resource("crm"))
	equal(t, reveal(must(fresh.Get("port"))), "5432")
	if fresh.CacheKey() == crm.CacheKey() || crm.CacheKey() == "" {
		t.Error("the cache key is the same")
	}
	equal(t, len(must(all.History("development", "crm"))), 6)
	configured := []bool{}
	for _, row := range must(all.List()) {
		configured = append(configured, row.Configured)
	}
	equal(t, configured, []bool{true, false, false})
	fails(t, only(must(session.Scope("production")).Resource("crm")), envres.CodeNotConfigured)
	check(all.Fallback("staging", "crm", ""))
	check(all.Remove("crm", envres.Change{Force: true}))
	equal(t, len(must(all.List())), 0)
}

func TestAppsAndReleases(t *testing.T) {
	_, session := newSession(t)
	check(session.Apps().Create("shop", envres.AppOptions{PinConfig: envres.Yes}))
	old := must(session.Versions().Describe("shop", "v1"))
	parts := session.Parts()
	content := must(parts.Put("shop", "", []envres.PartWrite{
		{Path: "pages/home.json", Data: []byte(`{"host": "<< environment.name >>"}`), Public: true},
		{Path: "old.txt", Data: []byte("old")}}))
	equal(t, []bool{content == must(session.Versions().Describe("shop", "v1")).Content, content == old.Content}, []bool{true, false})
	must(parts.Put("shop", "v1", []envres.PartWrite{{Path: "old.txt", Remove: true}}))
	fails(t, only(parts.Put("shop", "v1", []envres.PartWrite{{Path: "pages/home.json", Absent: true}})), envres.CodeChanged)
	listed := must(parts.List("shop", "v1"))
	digest := must(envres.PartDigest(must(parts.Get("shop", "v1", "pages/home.json"))))
	inside := &struct {
		bytes [8]byte
		next  *int
	}{next: new(int)}
	equal(t, must(envres.PartDigest(inside.bytes[:])), must(envres.PartDigest(make([]byte, 8))))
	equal(t, []interface{}{len(listed), listed[0].Public, listed[0].Digest}, []interface{}{1, true, digest})
	must(parts.Put("shop", "v1", []envres.PartWrite{{Path: "pages/home.json", Public: true, Expect: digest,
		Data: []byte(`{"host": "<< environment.name >>"}`)}}))
	fails(t, only(parts.Put("shop", "v1", []envres.PartWrite{{Path: "pages/home.json", Expect: old.Content}})), envres.CodeChanged)
	fails(t, only(parts.Put("shop", "v1", []envres.PartWrite{{Path: "pages/home.json", Expect: "12"}})), envres.CodeInvalid)
	edits := must(parts.History("shop", "v1", "old.txt"))
	equal(t, []string{edits[0].Action, edits[1].Action}, []string{"remove", "put"})
	check(parts.Restore("shop", "v1", "old.txt", edits[1].Number))
	fails(t, only(session.Versions().Promote("shop", "v1", "staging", old)), envres.CodeChanged)
	equal(t, len(must(session.Versions().Check("shop", "v1", "staging"))), 0)
	row := must(session.Versions().Describe("shop", "v1"))
	must(session.Versions().Promote("shop", "v1", "staging", row, envres.PromoteOptions{DryRun: true}))
	equal(t, must(session.Versions().Describe("shop", "v1")).Stage, "development")
	ready(session, "shop", "v1")
	_, _, err := session.Releases().Create("shop", "v1", "1.0.0", row, 7, envres.ReleaseOptions{Change: change})
	fails(t, err, envres.CodeChanged)
	first := released(session, "shop", "v1", "v1.0.0")
	equal(t, []interface{}{first.Tag, first.Sequence, first.Live, first.Pin}, []interface{}{"1.0.0", int64(1), true, "config"})
	v2 := must(session.Versions().Create("shop", envres.VersionOptions{Description: "next", Base: "v1"}))
	equal(t, *v2.Parent, "v1")
	must(parts.Put("shop", v2.Name, envres.Files(map[string]string{"new.txt": "new"})))
	diff := must(session.Versions().Diff("shop", "v1", "v2", envres.DiffOptions{WithText: true}))
	equal(t, []interface{}{len(diff), diff[0].Change}, []interface{}{1, "added"})
	ready(session, "shop", "v2")
	record, _, err := session.Releases().Create("shop", "v2", "", must(session.Versions().Describe("shop", "v2")), 1,
		envres.ReleaseOptions{Change: change, Bump: envres.BumpMinor, Notes: "more"})
	check(err)
	equal(t, []string{record.Tag, record.Notes}, []string{"1.1.0", "more"})
	scope := must(session.Scope("production", envres.ScopeOptions{App: "shop"}))
	equal(t, []interface{}{scope.App(), scope.Version(), scope.Release(), scope.Sequence()}, []interface{}{"shop", "v2", "1.1.0", int64(2)})
	equal(t, scope.Parts(), []string{"new.txt", "old.txt", "pages/home.json"})
	equal(t, string(must(scope.Part("new.txt"))), "new")
	equal(t, []bool{scope.PartIsPublic("old.txt"), scope.PartIsPublic("pages/home.json")}, []bool{false, true})
	equal(t, reveal(must(scope.RenderPart("pages/home.json"))), `{"host": "production"}`)
	back, findings, err := session.Releases().Rollback("shop", 2, envres.RollbackOptions{Change: change})
	check(err)
	equal(t, []interface{}{back.Kind, back.Version, *back.Target, len(findings)}, []interface{}{"rollback", "v1", int64(1), 0})
	equal(t, must(session.Latest(scope)).Version(), "v1")
	equal(t, must(session.Scope("production", envres.ScopeOptions{App: "shop", Tag: "1.1.0"})).Version(), "v2")
	_, _, err = session.Releases().Rollback("shop", 3, envres.RollbackOptions{Change: change, To: "1.1.0", Unchecked: true, DryRun: true})
	check(err)
	equal(t, must(session.Releases().Withdraw("shop", 3, change)).Kind, "withdraw")
	equal(t, len(must(session.Releases().List("shop"))), 4)
	fails(t, only(session.Scope("production", envres.ScopeOptions{App: "shop"})), envres.CodeNothingLive)
	equal(t, must(session.Apps().Describe("shop")).LiveVersion == nil, true)
	equal(t, len(must(session.Apps().Status("shop"))) > 1, true)
}

func TestScan(t *testing.T) {
	_, session := newSession(t)
	must(session.Variables().Put("production", "TOKEN", secret("tok-0123456789"), envres.PutOptions{Change: change}))
	scan := must(session.Scan("development"))
	equal(t, len(scan.Findings()), 0)
	found := must(scan.Text("a.txt", []byte("x\n tok-0123456789")))
	equal(t, []interface{}{found[0].Severity, *found[0].Part, *found[0].Line, *found[0].Column},
		[]interface{}{"error", "a.txt", int64(2), int64(2)})
	equal(t, must(scan.Text("b.bin", []byte("\xff\x00")))[0].Code, "not-text")
	check(scan.Close())
	closedNow(t, only(scan.Text("a", nil)))
	fails(t, only(session.Scan("nowhere")), envres.CodeNotFound)
}

func TestAudited(t *testing.T) {
	_, session := newSession(t)
	must(session.Variables().Put("development", "KEY", secret("k")))
	must(session.Scope("development", envres.ScopeOptions{Audited: true}))
	check(session.Audit().Reveal("development", "variable/KEY", envres.Change{Reason: "to a colleague"}))
	rows := must(session.Audit().List())
	equal(t, []string{rows[len(rows)-2].Action, rows[len(rows)-1].Action}, []string{"scope.open", "secret.reveal"})
	equal(t, len(must(session.Audit().List(envres.AuditFilter{Since: rows[0].Sequence, Limit: 1}))), 1)
	fails(t, session.Audit().Reveal("development", "variable/NOPE"), envres.CodeNotFound)
}

func TestVersions(t *testing.T) {
	_, session := newSession(t)
	check(session.Apps().Create("shop"))
	all := session.Versions()
	must(all.Create("shop", envres.VersionOptions{Name: "idea", Empty: true}))
	equal(t, must(all.Last("shop")) == nil, true)
	check(all.Set("shop", "idea", envres.VersionChange{Name: envres.Some("plan"), Description: envres.Some("d")}))
	equal(t, must(all.Open("shop", "plan", "development")).Description, "d")
	equal(t, must(all.Last("shop")).Version, "plan")
	check(all.Discard("shop", "plan", must(all.Describe("shop", "plan"))))
	equal(t, len(must(all.List("shop"))), 1)
	equal(t, len(must(all.List("shop", envres.VersionFilter{All: true}))), 2)
	equal(t, len(must(all.List("shop", envres.VersionFilter{Environment: "production"}))), 0)
	equal(t, must(session.GC()).Bytes >= 0, true)
	check(session.Apps().Set("shop", envres.AppOptions{Protected: envres.Yes}))
	equal(t, must(session.Apps().List())[0].Protected, true)
}

func TestPrincipals(t *testing.T) {
	store, session := newSession(t)
	bob := envres.RawKey(raw(2))
	check(session.Principals().Add("bob", bob, envres.PrincipalOptions{Role: envres.RoleViewer,
		Environments: []string{"development", "staging"}}))
	acting := must(store.Session(bob))
	equal(t, must(acting.Info())["principal"], "bob")
	fails(t, only(acting.Variables().Put("development", "A", "1")), envres.CodeDenied)
	check(acting.Close())
	check(session.Roles().Grant("bob", envres.RoleEditor, "development"))
	acting = must(session.ActAs("bob"))
	must(acting.Variables().Put("development", "A", "1", envres.PutOptions{Change: envres.Change{Reason: "for bob"}}))
	fails(t, only(acting.Variables().Put("production", "A", "1")), envres.CodeDenied)
	check(acting.Close())
	rows := must(session.Audit().List(envres.AuditFilter{Environment: "development"}))
	row := rows[len(rows)-1]
	equal(t, []string{row.Actor, *row.AssertedBy, row.Action, row.Reason}, []string{"bob", "owner", "variable.put", "for bob"})
	check(session.Roles().Revoke("bob", envres.RoleEditor, "development"))
	granted := []string{}
	for _, row := range must(session.Principals().List()) {
		if row.Name == "bob" {
			granted = append(granted, *row.Role+" "+*row.Environment)
		}
	}
	equal(t, sorted(granted), []string{"viewer development", "viewer staging"})
	check(session.Principals().Rekey("bob", envres.RawKey(raw(3))))
	fails(t, only(store.Session(bob)), envres.CodeKey)
	check(session.Principals().Remove("bob"))
	fails(t, session.Principals().Remove("owner"), envres.CodeLastOwner)
	found := must(session.Audit().Verify())
	equal(t, []interface{}{found.FirstBad, len(found.Findings)}, []interface{}{int64(0), 0})
}

func TestSlots(t *testing.T) {
	store, session := newSession(t)
	other := envres.RawKey(raw(3))
	ordinal := must(session.Slots().Add("safe", other))
	row := must(session.Slots().List())[1]
	equal(t, []interface{}{row.Ordinal, row.Label, row.Kind}, []interface{}{ordinal, "safe", "key"})
	check(must(store.Session(other)).Close())
	check(session.Slots().Change(ordinal, envres.RawKey(raw(4))))
	fails(t, only(store.Session(other)), envres.CodeKey)
	check(session.Slots().Remove(ordinal))
	fails(t, session.Slots().Remove(1), envres.CodeReferred)
}

func TestRootKey(t *testing.T) {
	store, session := newSession(t)
	root := must(session.RootKey())
	pinned := owner
	pinned.Root = &root
	check(must(store.Session(pinned)).Close())
	pinned.Root = &[32]byte{7}
	fails(t, only(store.Session(pinned)), envres.CodeRoot)
}

func TestDeposits(t *testing.T) {
	store, session := newSession(t)
	carl := envres.RawKey(raw(5))
	check(session.Principals().Add("carl", carl, envres.PrincipalOptions{Role: envres.RoleDepositor}))
	giver := must(store.Session(carl))
	one := must(giver.Deposit("development", "TOKEN", secret("t-1")))
	two := must(giver.Deposit("development", "OTHER", secret("t-2")))
	check(giver.Close())
	waiting := map[string]string{}
	for _, row := range must(session.Inbox().List("development")) {
		waiting[row.ID] = *row.Name + " " + *row.Depositor
	}
	equal(t, waiting, map[string]string{one: "TOKEN carl", two: "OTHER carl"})
	must(session.Inbox().Accept("development", one))
	check(session.Inbox().Reject("development", two[:8]))
	equal(t, reveal(must(must(session.Scope("development")).Get("TOKEN"))), "t-1")
}

func TestRotation(t *testing.T) {
	_, session := newSession(t)
	must(session.Variables().Put("development", "KEY", secret("k")))
	must(session.Keys().Rotate("development", envres.Change{Reason: "yearly"}))
	for must(session.Keys().RotateStep("development")) > 0 {
	}
	equal(t, reveal(must(must(session.Scope("development")).Get("KEY"))), "k")
	equal(t, len(must(session.Keys().Exposure(""))), 0)
}

func TestRequests(t *testing.T) {
	store, session := newSession(t)
	for number, name := range []string{"ann", "ben"} {
		check(session.Principals().Add(name, envres.RawKey(raw(byte(number+2))), envres.PrincipalOptions{Role: envres.RoleOwner}))
	}
	check(session.Environments().Set("production", envres.EnvironmentChange{Approvals: envres.Some[uint32](1)}))
	equal(t, must(session.Environments().Describe("production")).Approvals, int64(1))
	put := envres.PutOptions{Change: envres.Change{Reason: "needed"}}
	waits := fails(t, only(session.Variables().Put("production", "A", "1", put)), envres.CodeApprovals)
	request := must(session.Requests().Show(waits.Subject))
	equal(t, []interface{}{request.Action, request.State, request.Needed, request.Requester},
		[]interface{}{"variable.put", "open", int64(1), "owner"})
	fails(t, only(session.Requests().Run(request.ID)), envres.CodeApprovals)
	fails(t, session.Requests().Approve(request.ID), envres.CodeOwnChange)
	ann := must(store.Session(envres.RawKey(raw(2)).For("ann")))
	check(ann.Requests().Approve(request.ID[:8]))
	check(ann.Close())
	equal(t, must(session.Requests().Show(request.ID)).Given, "ann")
	must(session.Requests().Run(request.ID))
	equal(t, reveal(must(must(session.Scope("production")).Get("A"))), "1")
	fails(t, session.Requests().Withdraw(request.ID), envres.CodeClosed)
	fails(t, only(session.Variables().Put("production", "A", "2", put)), envres.CodeApprovals)
	open := must(session.Requests().List())
	equal(t, len(open), 1)
	check(session.Requests().Withdraw(open[0].ID))
	equal(t, []int{len(must(session.Requests().List())), len(must(session.Requests().ListAll()))}, []int{0, 2})
	fails(t, session.Environments().Set("staging", envres.EnvironmentChange{Approvals: envres.Some[uint32](9)}), envres.CodeQuorum)
}

func TestSalvage(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	store := must(envres.CreateStore(path("s"), owner))
	session := must(store.Session(owner))
	must(session.Variables().Put("development", "A", "1"))
	check(session.Close())
	check(store.Close())
	kept := int64(0)
	for _, row := range must(envres.Salvage(path("s"), path("new"), owner)) {
		if row.Code != nil {
			t.Errorf("%s: %s", row.Table, *row.Code)
		}
		if row.Kept != nil {
			kept += *row.Kept
		}
	}
	equal(t, kept > 5, true)
	store = must(envres.OpenStore(path("new")))
	defer store.Close()
	session = must(store.Session(owner))
	defer session.Close()
	equal(t, reveal(must(must(session.Scope("development")).Get("A"))), "1")
	fails(t, only(envres.Salvage(path("nothing"), path("other"), owner)), envres.CodeNoStore)
}
