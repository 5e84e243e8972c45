// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What a session does, group by group: that each call reaches the library with what it was given. */
final class SessionTest extends Fixture {
    void testStoreOnDisk() {
        StoreOptions options = new StoreOptions().workspace("acme").ownerName("ann");
        try (Store made = Store.create(file("app.envres"), OWNER, options)) {
            try (Session acting = made.session(OWNER, "acme")) {
                equal("ann", acting.info().get("principal"));
                acting.variables().put("development", "A", "1");
            }
            made.backup(file("copy.envres"));
            equal(Envres.version(), made.info().get("library"));
            raises("STORE_EXISTS", () -> Store.create(file("app.envres"), OWNER));
        }
        for (String name : List.of("app.envres", "copy.envres")) {
            try (Store opened = Store.open(file(name), new StoreOptions().readOnly());
                    Session acting = opened.session(OWNER)) {
                equal("1", acting.scope("development").get("A").plain());
                equal(0, opened.verify(acting).size());
                raises("READ_ONLY", () -> acting.variables().put("development", "A", "2"));
            }
        }
        raises("NO_STORE", () -> Store.open(file("nothing.envres")));
        thrown(UsageException.class, () -> Store.create(null, OWNER, new StoreOptions().workspace("a\0")));
    }

    void testPollSeesAnotherStore() {
        try (Store one = Store.create(file("s"), OWNER); Store two = Store.open(file("s"));
                Session writer = one.session(OWNER); Session reader = two.session(OWNER)) {
            Scope scope = reader.scope("development");
            that(!two.poll() && reader.latest(scope) == scope, "nothing changed");
            writer.variables().put("development", "A", "1");
            that(two.poll() && scope.isStale(), "it changed");
            Scope fresh = reader.latest(scope);
            that(fresh != scope && fresh.contains("A") && !scope.contains("A"), "a fresh one");
        }
    }

    void testWrongKeys() {
        raises("KEY", () -> store().session(key(9)));
        raises("KEY_FORMAT", () -> store().session(Credential.rawKey(Secret.of("short"))));
        raises("NOT_FOUND", () -> store().session(OWNER, "elsewhere"));
    }

    void testPassphrase() {
        Credential small = Credential.passphrase(Secret.of("correct horse")).withCost(2, 64 << 20);
        try (Store made = Store.create(null, small)) {
            char[] chars = "correct horse".toCharArray();
            made.session(Credential.passphrase(Secret.of(chars)).withPrincipal("owner")).close();
            raises("KEY", () -> made.session(Credential.passphrase(Secret.of("wrong horse"))));
        }
    }

    void testEnvironments() {
        Environments all = session().environments();
        all.add("qa", new EnvironmentOptions().label("Quality").color("#8800aa").after("staging"));
        all.add("lab", new EnvironmentOptions().offPath());
        all.set("qa", new EnvironmentOptions().label("QA").protect(true).requireReason(true));
        EnvironmentRow row = all.describe("qa");
        equal(List.of("QA", "#8800aa", 3L, true, true), List.of(row.label(), row.color(), row.position(),
                row.isProtected(), row.requireReason()));
        equal(List.of("development", "staging", "qa", "production", "lab"),
                all.list().stream().map(EnvironmentRow::key).toList());
        raises("REASON", () -> session().variables().put("qa", "A", "1"));
        session().variables().put("lab", "A", "1");
        raises("REFERRED", () -> all.remove("lab"));
        all.remove("lab", Change.force());
        raises("FIXED", () -> all.remove("staging"));
    }

    void testVariables() {
        Variables all = session().variables();
        VariableWrite port = VariableWrite.of("PORT", "1").type(Type.NUMBER);
        long first = all.put("development", port.expect(0));
        raises("CHANGED", () -> all.put("development", port.expect(0)));
        long second = all.put("development", VariableWrite.of("PORT", "2").expect(first));
        equal(first + 1, second);
        all.putMany("development", Map.of("HOST", Text.of("a"), "KEY", Secret.of("k")),
                Change.reason("many"));
        all.putMany("staging", List.of(VariableWrite.of("LIMITS", "{\"a\":[1]}").type(Type.JSON)));
        equal("2", all.get("development", "PORT").plain());
        raises("SECRET_SINK", () -> all.get("development", "KEY"));
        equal("k", all.get("development", "KEY", true).reveal());
        VariableRow key = all.list("development", false).stream().filter(r -> r.name().equals("KEY"))
                .findFirst().orElseThrow();
        that(key.secret() && key.value() == null && key.time().equals(NOON), key);
        equal(List.of("2", "1"), all.history("development", "PORT", false).stream()
                .map(r -> r.value().plain()).toList());
        all.destroy("development", "PORT", first);
        equal(List.of(false, true), all.history("development", "PORT", false).stream()
                .map(HistoryRow::destroyed).toList());
        raises("REFERRED", () -> all.destroy("development", "PORT", second));
        all.rename("HOST", "HOSTNAME");
        all.unset("development", "HOSTNAME");
        all.delete("KEY");
        equal(List.of("HOSTNAME", "LIMITS", "PORT"), all.list("staging", false).stream()
                .map(VariableRow::name).toList());
        all.unset("development", "PORT");
        equal(session().restore("development", second, "PORT"), session().scope("development").revision());
        equal("2", all.get("development", "PORT").plain());
        all.put("development", VariableWrite.of("HIDDEN", "x").secret(true));
        that(session().scope("development").get("HIDDEN").isSecret(), "sealed");
    }

    void testAnOperationIsDoneOnce() {
        Change same = Change.operation("0123456789abcdef".getBytes(StandardCharsets.US_ASCII));
        long made = session().variables().put("development", "A", "1", same, Change.reason("once"));
        equal(made, session().variables().put("development", "A", "1", Change.reason("once"), same));
        equal(1, session().variables().history("development", "A", false).size());
        thrown(UsageException.class, () -> Change.operation(new byte[5]));
    }

    void testReferences() {
        session().variables().put("development", "HOST", "a");
        session().variables().put("development", VariableWrite.of("URL",
                "//<< environment.variables.HOST >>").type(Type.TEMPLATE));
        ReferenceRow row = session().references("variable/HOST").get(0);
        equal(List.of("variable/URL", "development", 2L), List.of(row.from(), row.environment(),
                row.offset()));
        raises("REFERRED", () -> session().variables().delete("HOST"));
        session().variables().delete("HOST", Change.force());
    }

    void testResources() {
        Resources all = session().resources();
        all.define("crm", "postgres");
        long made = all.configure("development", "crm", new ResourceWrite().set("host", "db")
                .set("port", 5433).set("database", "crm").set("user", Secret.of("app"))
                .set("password", "p@"));
        raises("CHANGED", () -> all.configure("development", "crm",
                new ResourceWrite().set("host", "x").expect(0)));
        all.fallback("staging", "crm", "development");
        Resource crm;
        try (Scope scope = session().scope("development")) {
            crm = scope.resource("crm");
        }
        equal("postgres", crm.kind());
        equal(List.of("user", "password"), crm.secretFields());
        that(crm.value("port").equals(5433L) && crm.value("user") instanceof Secret, crm);
        equal("postgresql://***:***@db:5433/crm?sslmode=prefer", crm.redactedUrl());
        equal("postgresql://app:p%40@db:5433/crm?sslmode=prefer", crm.url().reveal());
        that(crm.dsn().reveal().contains("host='db'") && crm.tryGet("socket_dir").isEmpty(), crm);
        that(session().scope("staging").resource("crm").isFallback(), "fallback");
        all.configure("development", "crm", new ResourceWrite().unset("port").expect(made));
        Resource now = session().scope("development").resource("crm");
        equal("5432", now.get("port").plain());
        that(!now.cacheKey().equals(crm.cacheKey()), "another one");
        equal(6, all.history("development", "crm", false).size());
        equal(List.of(true, false, false), all.list().stream().map(ResourceRow::configured).toList());
        raises("NOT_CONFIGURED", () -> session().scope("production").resource("crm"));
        raises("FIELD", () -> now.get("hostt"));
        all.fallback("staging", "crm", null);
        all.remove("crm", Change.force());
        equal(0, all.list().size());
    }

    void testAppsAndReleases() {
        Session s = session();
        s.apps().create("shop", new AppOptions().pinConfig(true));
        VersionRow draft = s.versions().describe("shop", "v1");
        String content = s.parts().put("shop", null, List.of(
                PartWrite.of("pages/home.json", "{\"host\": \"<< environment.name >>\"}").toClients(),
                PartWrite.of("old.txt", "old")));
        that(content.equals(s.versions().describe("shop", "v1").content())
                && !content.equals(draft.content()), content);
        s.parts().put("shop", "v1", List.of(PartWrite.remove("old.txt")));
        raises("CHANGED", () -> s.parts().put("shop", "v1",
                List.of(PartWrite.of("pages/home.json", "").absent())));
        raises("CHANGED", () -> s.parts().put("shop", "v1",
                List.of(PartWrite.of("pages/home.json", "").expect("00".repeat(32)))));
        PartRow part = s.parts().list("shop", "v1").get(0);
        that(part.isPublic() && part.digest().equals(Envres.partDigest(
                s.parts().get("shop", "v1", "pages/home.json"))), part);
        Rows<EditRow> edits = s.parts().history("shop", "v1", "old.txt");
        equal(List.of("remove", "put"), edits.stream().map(EditRow::action).toList());
        s.parts().restore("shop", "v1", "old.txt", edits.get(1).number());
        raises("CHANGED", () -> s.versions().promote("shop", "v1", "staging", draft));
        equal(0, s.versions().check("shop", "v1", "staging").size());
        ready(s, "shop", "v1");
        raises("CHANGED", () -> s.releases().create("shop", "v1", "1.0.0",
                s.versions().describe("shop", "v1"), 7, CHANGE));
        ReleaseRow first = released(s, "shop", "v1", "v1.0.0");
        equal(List.of("1.0.0", 1L, true, "config"), List.of(first.tag(), first.sequence(), first.live(),
                first.pin()));
        VersionRow v2 = s.versions().create("shop", new VersionOptions().description("next").base("v1"));
        that(v2.parent().equals("v1") && s.versions().last("shop").isEmpty(), v2);
        s.parts().put("shop", v2.name(), "new.txt", "new");
        equal(List.of("added"), s.versions().diff("shop", "v1", "v2").stream().map(DiffRow::change)
                .toList());
        ready(s, "shop", "v2");
        Released made = s.releases().create("shop", "v2", new ReleaseOptions().bump(Bump.MINOR)
                .notes("more"), s.versions().describe("shop", "v2"), 1, CHANGE);
        that(made.release().tag().equals("1.1.0") && made.release().notes().equals("more"), made);
        servesWhatIsLive(s);
    }

    private static void servesWhatIsLive(Session s) {
        Scope scope = s.scope("production", new ScopeOptions().app("shop"));
        equal(List.of("shop", "v2", "1.1.0", 2L), List.of(scope.app(), scope.version(), scope.release(),
                scope.sequence()));
        equal(List.of("new.txt", "old.txt", "pages/home.json"), scope.parts());
        equal("new", new String(scope.part("new.txt"), StandardCharsets.UTF_8));
        that(scope.partIsPublic("pages/home.json") && !scope.partIsPublic("new.txt"), "public");
        equal("{\"host\": \"production\"}", scope.renderPart("pages/home.json", Map.of()).plain());
        Released back = s.releases().rollback("shop", new RollbackOptions(), 2, Change.reason("bad"));
        equal(List.of("rollback", "v1", 1L, List.of()), List.of(back.release().kind(),
                back.release().version(), back.release().target(), back.findings()));
        equal("v1", s.latest(scope).version());
        equal("v2", s.scope("production", new ScopeOptions().app("shop").tag("1.1.0")).version());
        ReleaseRow gone = s.releases().withdraw("shop", 3, CHANGE);
        that(gone.kind().equals("withdraw") && s.releases().list("shop").size() == 4, gone);
        raises("NOTHING_LIVE", () -> s.scope("production", new ScopeOptions().app("shop")));
        that(s.apps().describe("shop").liveVersion() == null, "nothing live");
        that(s.apps().status("shop").stream().anyMatch(r -> r.row().equals("version")), "status");
    }

    void testScan() {
        session().variables().put("production", "TOKEN", Secret.of("tok-0123456789"), CHANGE);
        try (Scan scan = session().scan("development")) {
            equal(0, scan.findings().size());
            FindingRow row = scan.text("a.txt", "x\n tok-0123456789").get(0);
            equal(List.of("error", "a.txt", 2L, 2L), List.of(row.severity(), row.part(), row.line(),
                    row.column()));
            that(!row.message().contains("tok-"), row);
            equal("not-text", scan.text("b.bin", new byte[] {-1, 0}).get(0).code());
        }
        raises("NOT_FOUND", () -> session().scan("nowhere"));
    }

    void testAudited() {
        session().variables().put("development", "KEY", Secret.of("k"));
        session().scope("development", new ScopeOptions().audited());
        session().audit().reveal("development", "variable/KEY", Change.reason("to a colleague"));
        List<AuditRow> rows = session().audit().list();
        equal(List.of("scope.open", "secret.reveal"), rows.subList(rows.size() - 2, rows.size()).stream()
                .map(AuditRow::action).toList());
        raises("NOT_FOUND", () -> session().audit().reveal("development", "variable/NOPE"));
    }

    void testVersions() {
        Versions all = session().versions();
        session().apps().create("shop");
        all.create("shop", new VersionOptions().name("idea").empty());
        all.set("shop", "idea", new VersionOptions().name("plan").description("d"));
        equal("d", all.open("shop", "plan", "development").description());
        equal("plan", all.last("shop").orElseThrow().version());
        all.discard("shop", "plan", all.describe("shop", "plan"));
        equal(List.of("v1"), all.list("shop").stream().map(VersionRow::name).toList());
        equal(2, all.list("shop", null, true).size());
        equal(0, all.list("shop", "production", false).size());
        that(session().gc().bytes() >= 0, "gc");
        session().apps().set("shop", new AppOptions().protect(true));
        that(session().apps().list().get(0).isProtected(), "protected");
    }

    void testPrincipals() {
        session().principals().add("bob", key(2), Role.VIEWER, List.of("development", "staging"));
        try (Session acting = store().session(key(2))) {
            equal("bob", acting.info().get("principal"));
            raises("DENIED", () -> acting.variables().put("development", "A", "1"));
        }
        session().roles().grant("bob", Role.EDITOR, "development");
        try (Session acting = session().actAs("bob")) {
            acting.variables().put("development", "A", "1", Change.reason("for bob"));
            raises("DENIED", () -> acting.variables().put("production", "A", "1"));
        }
        List<AuditRow> rows = session().audit().list(new AuditQuery().environment("development").limit(100));
        AuditRow row = rows.get(rows.size() - 1);
        equal(List.of("bob", "owner", "variable.put", "for bob"), List.of(row.actor(), row.assertedBy(),
                row.action(), row.reason()));
        session().roles().revoke("bob", Role.EDITOR, "development");
        equal(Set.of("development", "staging"), session().principals().list().stream()
                .filter(r -> r.name().equals("bob")).map(PrincipalRow::environment)
                .collect(Collectors.toSet()));
        session().principals().rekey("bob", key(6));
        store().session(key(6)).close();
        session().principals().remove("bob");
        raises("LAST_OWNER", () -> session().principals().remove("owner"));
        equal(new Verified(0, List.of()), session().audit().verify());
    }

    void testSlots() {
        long ordinal = session().slots().add("safe", key(3));
        SlotRow row = session().slots().list().get(1);
        equal(List.of(ordinal, "safe", "key"), List.of(row.ordinal(), row.label(), row.kind()));
        store().session(key(3)).close();
        session().slots().change(ordinal, key(4));
        raises("KEY", () -> store().session(key(3)));
        session().slots().remove(ordinal);
        raises("REFERRED", () -> session().slots().remove(1));
    }

    void testRootKey() {
        byte[] root = session().rootKey();
        store().session(OWNER.withRoot(root)).close();
        root[0] ^= 1;
        raises("ROOT", () -> store().session(OWNER.withRoot(root)));
        thrown(UsageException.class, () -> OWNER.withRoot(new byte[3]));
    }

    void testDeposits() {
        session().principals().add("carl", key(5), Role.DEPOSITOR, List.of());
        String one;
        String two;
        try (Session giver = store().session(key(5))) {
            one = giver.deposit("development", VariableWrite.of("TOKEN", Secret.of("t-1")));
            two = giver.deposit("development", VariableWrite.of("OTHER", Secret.of("t-2")));
        }
        equal(Set.of(one, two), session().inbox().list("development").stream().map(InboxRow::id)
                .collect(Collectors.toSet()));
        session().inbox().accept("development", one);
        session().inbox().reject("development", two.substring(0, 8));
        equal("t-1", session().scope("development").get("TOKEN").reveal());
    }

    void testRotation() {
        session().variables().put("development", "KEY", Secret.of("k"));
        session().keys().rotate("development", Change.reason("yearly"));
        while (session().keys().rotateStep("development") > 0) {
            continue;
        }
        equal("k", session().scope("development").get("KEY").reveal());
        equal(0, session().keys().exposure(null).size());
    }

    void testRequests() {
        Requests all = session().requests();
        session().principals().add("ann", key(2), Role.OWNER, List.of());
        session().principals().add("ben", key(3), Role.OWNER, List.of());
        session().environments().set("production", new EnvironmentOptions().approvals(1));
        equal(1L, session().environments().describe("production").approvals());
        EnvresException waits = raises("APPROVALS", () -> session().variables().put("production", "A", "1",
                Change.reason("needed")));
        RequestRow request = all.show(waits.subject());
        equal(List.of("variable.put", "open", 1L, "owner"), List.of(request.action(), request.state(),
                request.needed(), request.requester()));
        raises("APPROVALS", () -> all.run(request.id()));
        raises("OWN_CHANGE", () -> all.approve(request.id()));
        try (Session ann = store().session(key(2))) {
            ann.requests().approve(request.id().substring(0, 8));
        }
        equal("ann", all.show(request.id()).given());
        all.run(request.id());
        equal("1", session().scope("production").get("A").plain());
        raises("CLOSED", () -> all.withdraw(request.id()));
        raises("APPROVALS", () -> session().variables().put("production", "A", "2", CHANGE));
        all.withdraw(all.list().get(0).id());
        equal(0, all.list().size());
        equal(Set.of("done", "withdrawn"), all.list(true).stream().map(RequestRow::state)
                .collect(Collectors.toSet()));
        raises("QUORUM", () -> session().environments().set("staging",
                new EnvironmentOptions().approvals(9)));
    }

    void testSalvage() {
        try (Store made = Store.create(file("s"), OWNER); Session acting = made.session(OWNER)) {
            acting.variables().put("development", "A", "1");
        }
        Rows<SalvageRow> report = Store.salvage(file("s"), file("new"), OWNER, new StoreOptions());
        that(report.stream().allMatch(r -> r.code() == null), report);
        that(report.stream().mapToLong(r -> r.kept() == null ? 0 : r.kept()).sum() > 5, report);
        try (Store opened = Store.open(file("new")); Session acting = opened.session(OWNER)) {
            equal("1", acting.scope("development").get("A").plain());
        }
        raises("NO_STORE", () -> Store.salvage(file("nothing"), file("o"), OWNER, new StoreOptions()));
    }
}
