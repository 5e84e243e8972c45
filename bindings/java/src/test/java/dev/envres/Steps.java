// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The steps of errors.json and limits.json: one store in memory, and a session for each who acts. */
final class Steps implements AutoCloseable {
    private interface Verb {
        void run(Steps steps, Session session, Map<String, Object> values);
    }

    private static final Map<String, Verb> VERBS = new HashMap<>();
    private final Store store = Store.create(null, credential(Map.of()), new StoreOptions().relaxed());
    private final Map<String, Session> sessions = new HashMap<>();
    private Change[] change;

    /** A text that is written as [text, times] pairs, or in hex. */
    private static Object expanded(Object value) {
        if (value instanceof Map<?, ?> hex && hex.keySet().equals(java.util.Set.of("hex"))) {
            return new String(HexFormat.of().parseHex((String) hex.get("hex")), StandardCharsets.UTF_8);
        }
        if (!(value instanceof List<?> pairs)) {
            return value;
        }
        StringBuilder made = new StringBuilder();
        for (Object pair : pairs) {
            made.append(((String) ((List<?>) pair).get(0)).repeat(
                    ((Long) ((List<?>) pair).get(1)).intValue()));
        }
        return made.toString();
    }

    /** The raw key of a principal: its name, again and again, to 32 bytes. */
    private static Credential keyOf(String name) {
        return Credential.rawKey(Secret.of(Arrays.copyOf(name.repeat(32).getBytes(StandardCharsets.UTF_8),
                32)));
    }

    private static Credential credential(Map<String, Object> step) {
        Credential made = keyOf((String) step.getOrDefault("key", "owner"));
        if (step.containsKey("passphrase")) {
            made = Credential.passphrase(Secret.of((String) step.get("passphrase")))
                    .withCost(number(step, "passes"), number(step, "memory"));
        } else if (step.containsKey("raw")) {
            made = Credential.rawKey(Secret.of((String) step.get("raw")));
        }
        made = step.containsKey("principal") ? made.withPrincipal((String) step.get("principal")) : made;
        return step.containsKey("root")
                ? made.withRoot(HexFormat.of().parseHex((String) step.get("root"))) : made;
    }

    private static long number(Map<String, Object> step, String name) {
        return (Long) step.getOrDefault(name, 0L);
    }

    private static String text(Map<String, Object> step, String name) {
        return (String) step.get(name);
    }

    private static boolean yes(Map<String, Object> step, String name) {
        return Boolean.TRUE.equals(step.get(name));
    }

    private static Role role(Map<String, Object> step) {
        return step.containsKey("role") ? Role.valueOf(text(step, "role").toUpperCase(Locale.ROOT)) : null;
    }

    @Override
    public void close() {
        sessions.values().forEach(Session::close);
        store.close();
    }

    void run(Map<String, Object> step) {
        if (step.get("do").equals("fails")) {
            Fixture.that(fails(Fixture.map(step.get("step"))) != null, step);
            return;
        }
        Map<String, Object> values = new HashMap<>();
        step.forEach((name, value) -> values.put(name,
                List.of("params", "allow", "secret").contains(name) ? value : expanded(value)));
        String who = (String) values.getOrDefault("as", "owner");
        Session session = sessions.get(who);
        if (session == null) {
            session = store.session(keyOf(who));
            sessions.put(who, session);
        }
        values.putIfAbsent("environment", "development");
        Object reason = values.getOrDefault("reason", "a test");
        change = reason == null ? new Change[0] : new Change[] {Change.reason((String) reason)};
        VERBS.get(text(step, "do")).run(this, session, values);
    }

    /** What a step throws; null: nothing. */
    EnvresException fails(Map<String, Object> step) {
        try {
            run(step);
            return null;
        } catch (EnvresException error) {
            return error;
        }
    }

    // ---- verbs of more than one call

    private static Scope scope(Session s, Map<String, Object> v) {
        return s.scope(text(v, "environment"), new ScopeOptions().app(text(v, "app")).tag(text(v, "tag"))
                .version(text(v, "version")).revision(number(v, "revision")));
    }

    private static Template template(Map<String, Object> v) {
        TemplateOptions options = new TemplateOptions().context(
                Context.valueOf(((String) v.getOrDefault("context", "text")).toUpperCase(Locale.ROOT)));
        if (v.containsKey("dialect")) {
            options.dialect(Dialect.valueOf(text(v, "dialect").toUpperCase(Locale.ROOT)));
        }
        return Template.parse(Text.of(text(v, "template")), yes(v, "strict") ? options.strict() : options);
    }

    private static void render(Session s, Map<String, Object> v) {
        try (Template template = template(v)) {
            Params.Builder params = Params.builder().allow(
                    Fixture.texts(v.get("allow")).toArray(String[]::new));
            Fixture.map(v.get("params")).forEach((name, value) -> params.set(name, expanded(value)));
            for (long i = 1; i <= number(v, "count"); i++) {
                params.set("P" + i, "x");
            }
            RenderOptions options = new RenderOptions().params(params.build())
                    .outputMax(number(v, "output_max"));
            if (yes(v, "no_secrets")) {
                options.noSecrets();
            }
            try (Scope scope = scope(s, v)) {
                if (v.containsKey("dialect")) {
                    template.prepare(scope, options).close();
                } else {
                    template.render(scope, options);
                }
            }
        }
    }

    private static void read(Session s, Map<String, Object> v) {
        try (Scope scope = scope(s, v)) {
            switch (text(v, "kind")) {
            case "boolean" -> scope.getBoolean(text(v, "name"));
            case "integer" -> scope.getInteger(text(v, "name"));
            case "double" -> scope.getDouble(text(v, "name"));
            case "string" -> scope.getString(text(v, "name"));
            default -> scope.getJson(text(v, "name"));
            }
        }
    }

    private static void resolve(Session s, Map<String, Object> v) {
        try (Scope scope = scope(s, v); Resource resource = scope.resource(text(v, "handle"))) {
            if (yes(v, "dsn")) {
                resource.dsn();
            }
        }
    }

    private void put(Session s, Map<String, Object> v) {
        VariableWrite write = VariableWrite.of(text(v, "name"), text(v, "value"))
                .type(Fixture.type(v.getOrDefault("type", "default")));
        write = v.containsKey("secret") ? write.secret(yes(v, "secret")) : write;
        write = v.containsKey("expect") ? write.expect(number(v, "expect")) : write;
        s.variables().put(text(v, "environment"), write, change);
    }

    private void putMany(Session s, Map<String, Object> v) {
        List<VariableWrite> writes = new ArrayList<>();
        for (long i = 1; i <= number(v, "count"); i++) {
            writes.add(VariableWrite.of(text(v, "name") + i, "x"));
        }
        s.variables().putMany(text(v, "environment"), writes, change);
    }

    private void configure(Session s, Map<String, Object> v) {
        ResourceWrite write = new ResourceWrite();
        Fixture.map(v.get("fields")).forEach((name, value) -> write.set(name, (String) expanded(value)));
        for (long i = 1; i <= number(v, "count"); i++) {
            write.set("f" + i, "x");
        }
        s.resources().configure(text(v, "environment"), text(v, "handle"), write, change);
    }

    private void query(Session s, Map<String, Object> v) {
        QueryWrite write = new QueryWrite(text(v, "name"), text(v, "resource")).source(text(v, "text"));
        Fixture.map(v.get("params")).forEach((name, kind) -> write.param(
                QueryParam.of(name, Fixture.type(kind))));
        for (long i = 1; i <= number(v, "count"); i++) {
            write.param(QueryParam.of("p" + i, Type.STRING));
        }
        s.queries().put(write, change);
    }

    private static void queryRender(Session s, Map<String, Object> v) {
        try (Scope scope = scope(s, v); Query query = s.queries().open(text(v, "name"))) {
            query.render(scope, Fixture.map(v.get("params"))).close();
        }
    }

    private static EnvironmentOptions environment(Map<String, Object> v) {
        EnvironmentOptions made = new EnvironmentOptions().label(text(v, "label"))
                .color(text(v, "color")).after(text(v, "after"));
        if (yes(v, "off_path")) {
            made.offPath();
        }
        if (v.containsKey("approvals")) {
            made.approvals((int) number(v, "approvals"));
        }
        if (v.containsKey("protected")) {
            made.protect(yes(v, "protected"));
        }
        return v.containsKey("require_reason") ? made.requireReason(yes(v, "require_reason")) : made;
    }

    private void promote(Session s, Map<String, Object> v) {
        VersionRow seen = s.versions().describe(text(v, "app"), text(v, "version"));
        s.versions().promote(text(v, "app"), text(v, "version"), text(v, "to"), seen,
                yes(v, "through") ? new Moving().through() : new Moving(), change);
    }

    private void release(Session s, Map<String, Object> v) {
        VersionRow seen = s.versions().describe(text(v, "app"), text(v, "version"));
        s.releases().create(text(v, "app"), text(v, "version"), new ReleaseOptions().tag(text(v, "tag"))
                .notes(text(v, "notes")), seen, Fixture.live(s, text(v, "app")), change);
    }

    private void partMany(Session s, Map<String, Object> v) {
        List<PartWrite> writes = new ArrayList<>();
        for (long i = 1; i <= number(v, "count"); i++) {
            writes.add(PartWrite.of(text(v, "path") + i, "x"));
        }
        s.parts().put(text(v, "app"), text(v, "version"), writes, change);
    }

    private static String newest(Session s) {
        List<RequestRow> all = s.requests().list(true);
        return all.get(all.size() - 1).id();
    }

    private static void create(Map<String, Object> v) {
        Path path = v.containsKey("path") ? Path.of(text(v, "path")) : null;
        Store.create(path, credential(v), new StoreOptions().workspace(text(v, "workspace"))
                .ownerName(text(v, "owner"))).close();
    }

    static {
        VERBS.put("environment.add", (r, s, v) -> s.environments().add(text(v, "key"), environment(v),
                r.change));
        VERBS.put("environment.set", (r, s, v) -> s.environments().set(text(v, "key"), environment(v),
                r.change));
        VERBS.put("environment.remove", (r, s, v) -> s.environments().remove(text(v, "key"), r.change));
        VERBS.put("variable.put", Steps::put);
        VERBS.put("variable.put_many", Steps::putMany);
        VERBS.put("variable.get", (r, s, v) -> s.variables().get(text(v, "environment"), text(v, "name"),
                yes(v, "reveal")));
        VERBS.put("variable.unset", (r, s, v) -> s.variables().unset(text(v, "environment"),
                text(v, "name"), r.change));
        VERBS.put("variable.rename", (r, s, v) -> s.variables().rename(text(v, "name"), text(v, "to"),
                r.change));
        VERBS.put("variable.delete", (r, s, v) -> s.variables().delete(text(v, "name"), r.change));
        VERBS.put("variable.destroy", (r, s, v) -> s.variables().destroy(text(v, "environment"),
                text(v, "name"), number(v, "revision"), r.change));
        VERBS.put("restore", (r, s, v) -> s.restore(text(v, "environment"), number(v, "revision"),
                text(v, "name"), r.change));
        VERBS.put("references", (r, s, v) -> s.references(text(v, "object")));
        VERBS.put("resource.define", (r, s, v) -> s.resources().define(text(v, "handle"), text(v, "kind"),
                r.change));
        VERBS.put("resource.configure", Steps::configure);
        VERBS.put("resource.fallback", (r, s, v) -> s.resources().fallback(text(v, "environment"),
                text(v, "handle"), text(v, "to"), r.change));
        VERBS.put("resource.remove", (r, s, v) -> s.resources().remove(text(v, "handle"), r.change));
        VERBS.put("resolve", (r, s, v) -> resolve(s, v));
        VERBS.put("scope", (r, s, v) -> scope(s, v).close());
        VERBS.put("read", (r, s, v) -> read(s, v));
        VERBS.put("parse", (r, s, v) -> template(v).close());
        VERBS.put("render", (r, s, v) -> render(s, v));
        VERBS.put("query.put", Steps::query);
        VERBS.put("query.render", (r, s, v) -> queryRender(s, v));
        VERBS.put("app.create", (r, s, v) -> s.apps().create(text(v, "name"), r.change));
        VERBS.put("version.create", (r, s, v) -> s.versions().create(text(v, "app"), new VersionOptions()
                .name(text(v, "name")).base(text(v, "base")).description(text(v, "description")), r.change));
        VERBS.put("version.promote", Steps::promote);
        VERBS.put("version.discard", (r, s, v) -> s.versions().discard(text(v, "app"), text(v, "version"),
                s.versions().describe(text(v, "app"), text(v, "version")), r.change));
        VERBS.put("part.put", (r, s, v) -> s.parts().put(text(v, "app"), text(v, "version"),
                text(v, "path"), text(v, "data"), r.change));
        VERBS.put("part.put_many", Steps::partMany);
        VERBS.put("part.get", (r, s, v) -> s.parts().get(text(v, "app"), text(v, "version"),
                text(v, "path")));
        VERBS.put("release.create", Steps::release);
        VERBS.put("release.rollback", (r, s, v) -> s.releases().rollback(text(v, "app"),
                new RollbackOptions().to(text(v, "to")).version(text(v, "version")),
                Fixture.live(s, text(v, "app")), r.change));
        VERBS.put("release.withdraw", (r, s, v) -> s.releases().withdraw(text(v, "app"),
                Fixture.live(s, text(v, "app")), r.change));
        VERBS.put("principal.add", (r, s, v) -> s.principals().add(text(v, "name"),
                keyOf(text(v, "name").isEmpty() ? "owner" : text(v, "name")), role(v), List.of(), r.change));
        VERBS.put("principal.remove", (r, s, v) -> s.principals().remove(text(v, "name"), r.change));
        VERBS.put("role.grant", (r, s, v) -> s.roles().grant(text(v, "principal"), role(v), null, r.change));
        VERBS.put("role.revoke", (r, s, v) -> s.roles().revoke(text(v, "principal"), role(v), null,
                r.change));
        VERBS.put("slot.add", (r, s, v) -> s.slots().add(text(v, "label"), credential(v), r.change));
        VERBS.put("slot.remove", (r, s, v) -> s.slots().remove(number(v, "ordinal"), r.change));
        VERBS.put("request.approve", (r, s, v) -> s.requests().approve(newest(s), r.change));
        VERBS.put("request.withdraw", (r, s, v) -> s.requests().withdraw(newest(s), r.change));
        VERBS.put("request.run", (r, s, v) -> s.requests().run(newest(s), r.change));
        VERBS.put("session.open", (r, s, v) -> r.store.session(credential(v), text(v, "workspace")).close());
        VERBS.put("store.create", (r, s, v) -> create(v));
        VERBS.put("store.open", (r, s, v) -> Store.open(Path.of(text(v, "path"))).close());
    }
}
