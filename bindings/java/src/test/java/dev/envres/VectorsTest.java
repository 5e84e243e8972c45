// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * The shared vectors of templates, statements and resources, through the public interface. Each test goes
 * through all cases of its file and compares their number with the file's own.
 */
final class VectorsTest extends Fixture {
    // ---- templates.json

    private void fillTemplates(Map<String, Object> environments) {
        List<String> there = session().environments().list().stream().map(EnvironmentRow::key).toList();
        environments.forEach((key, value) -> {
            EnvironmentOptions options = new EnvironmentOptions().label(text(map(value), "label"));
            if (there.contains(key)) {
                session().environments().set(key, options, CHANGE);
            } else {
                session().environments().add(key, options, CHANGE);
            }
            List<Map.Entry<String, Object>> rows = new ArrayList<>(
                    map(map(value).get("variables")).entrySet());
            rows.sort(Comparator.comparing(row -> "template".equals(map(row.getValue()).get("type"))));
            session().variables().putMany(key, rows.stream().map(row -> VariableWrite
                    .of(row.getKey(), text(map(row.getValue()), "value"))
                    .type(type(map(row.getValue()).get("type")))
                    .secret(yes(map(row.getValue()), "secret"))).toList(), CHANGE);
            map(map(value).get("resources")).forEach((handle, one) -> {
                session().resources().define(handle, text(map(one), "kind"), CHANGE);
                ResourceWrite write = new ResourceWrite();
                map(map(one).get("fields")).forEach((name, field) -> {
                    Text given = Text.of(text(map(field), "value"));
                    if (yes(map(field), "secret")) {
                        write.setSecret(name, given);
                    } else {
                        write.set(name, given);
                    }
                });
                session().resources().configure(key, handle, write, CHANGE);
            });
        });
    }

    private static Text source(Map<String, Object> one) {
        if (one.containsKey("template_hex")) {
            return Text.of(HexFormat.of().parseHex(text(one, "template_hex")));
        }
        if (!one.containsKey("parts")) {
            return Text.of(text(one, "template"));
        }
        StringBuilder made = new StringBuilder();
        for (Object part : (List<?>) one.get("parts")) {
            List<?> pair = (List<?>) part;
            made.append(((String) pair.get(0)).repeat(((Long) pair.get(1)).intValue()));
        }
        return Text.of(made.toString());
    }

    static Params params(Map<String, Object> given, List<String> allow) {
        Params.Builder made = Params.builder().allow(allow.toArray(String[]::new));
        given.forEach((name, value) -> {
            Map<String, Object> row = map(value);
            String text = row.get("value") == null ? "" : text(row, "value");
            made.set(name, type(row.get("type")), yes(row, "secret") ? Secret.of(text) : Text.of(text));
        });
        return made.build();
    }

    private static Text runTemplate(Map<String, Object> one, Scope scope) {
        TemplateOptions options = new TemplateOptions().context(
                Context.valueOf(text(one, "context").toUpperCase(Locale.ROOT)));
        if (yes(one, "strict")) {
            options.strict();
        }
        Template template = Template.parse(source(one), options);
        if (one.containsKey("references")) {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (TagRow row : template.references()) {
                Map<String, Object> made = new HashMap<>(Map.of("kind", row.kind(), "name", row.name(),
                        "offset", row.offset(), "line", row.line(), "column", row.column(), "default",
                        row.isDefault() ? 1L : 0L));
                if (row.hint() != null) {
                    made.put("hint", row.hint());
                }
                rows.add(made);
            }
            equal(maps(one.get("references")), rows, one.get("name"));
        }
        RenderOptions render = new RenderOptions().params(params(map(one.get("params")), List.of()));
        if (yes(one, "no_secrets")) {
            render.noSecrets();
        }
        Text out = template.render(scope, render);
        equal(out.reveal(), template.bind(scope, render).render().reveal(), one.get("name"));
        if (!one.containsKey("params") && !yes(one, "no_secrets")) {
            equal(out.reveal(), template.render(scope).reveal(), one.get("name"));
        }
        return out;
    }

    static void samePlace(Map<String, Object> one, EnvresException error) {
        Map<String, Long> found = Map.of("offset", error.offset(), "line", (long) error.line(), "column",
                (long) error.column());
        found.forEach((place, number) -> that(!one.containsKey(place) || one.get(place).equals(number),
                one.get("name") + ": " + place + " " + number));
    }

    void testTemplates() {
        Map<String, Object> document = vectors("templates.json");
        fillTemplates(map(document.get("environments")));
        for (Map<String, Object> row : maps(document.get("refused"))) {
            raises(text(row, "error").substring("ENVRES_E_".length()), () -> session().variables().put(
                    text(row, "environment"), VariableWrite.of(text(row, "variable"), text(row, "value"))
                            .type(type(row.get("type"))), CHANGE));
        }
        Map<String, Scope> scopes = new HashMap<>();
        map(document.get("environments")).keySet().forEach(key -> scopes.put(key, session().scope(key)));
        for (Map<String, Object> one : maps(document.get("cases"))) {
            try {
                Text out = runTemplate(one, scopes.get(text(one, "environment")));
                equal(one.get("expect"), out.reveal(), one.get("name"));
                that(!one.containsKey("secret") || out.isSecret() == yes(one, "secret"), one.get("name"));
            } catch (EnvresException error) {
                equal(one.get("error"), error.name(), one.get("name"));
                samePlace(one, error);
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }

    // ---- resources.json

    private static ResourceWrite fields(Map<String, Object> fields, List<String> secret) {
        ResourceWrite made = new ResourceWrite();
        fields.forEach((name, value) -> {
            if (secret.contains(name)) {
                made.setSecret(name, Text.of((String) value));
            } else {
                made.set(name, (String) value);
            }
        });
        return made;
    }

    private static Resource runResource(Session session, Map<String, Object> one, List<String> at) {
        String environment = (String) one.getOrDefault("environment", "development");
        for (Map<String, Object> row : maps(one.get("variables"))) {
            session.variables().put(text(row, "environment"), VariableWrite.of(text(row, "name"),
                    text(row, "value")).type(type(row.get("type"))).secret(yes(row, "secret")), CHANGE);
        }
        at.add("define");
        session.resources().define("it", text(one, "kind"), CHANGE);
        at.add("elsewhere");
        map(one.get("elsewhere")).forEach((key, value) -> session.resources().configure(key, "it",
                fields(map(value), List.of()), CHANGE));
        at.add("configure");
        if (one.get("fields") != null) {
            session.resources().configure(environment, "it", fields(map(one.get("fields")),
                    texts(one.get("secret"))), CHANGE);
        }
        at.add("fallback");
        if (one.containsKey("fallback")) {
            session.resources().fallback(environment, "it", text(one, "fallback"), CHANGE);
        }
        at.add("scope");
        Scope scope = session.scope(environment);
        at.add("resolve");
        return scope.resource("it");
    }

    private static void checkResource(Map<String, Object> one, Resource resource, List<String> order) {
        Map<String, Object> expect = map(one.get("expect"));
        Map<String, Object> found = new LinkedHashMap<>();
        resource.fields().forEach((name, value) -> {
            found.put(name, value.reveal());
            equal(texts(expect.get("secret_fields")).contains(name), value.isSecret(), one.get("name"));
        });
        equal(expect.get("fields"), found, one.get("name"));
        equal(new TreeSet<>(texts(expect.get("secret_fields"))), new TreeSet<>(resource.secretFields()),
                one.get("name"));
        if (!one.get("kind").equals("custom")) {
            equal(order.stream().filter(found::containsKey).toList(), resource.names(), one.get("name"));
        }
        check(one, expect, "url", resource::url);
        check(one, expect, "redacted_url", () -> Text.of(resource.redactedUrl()));
        check(one, expect, "dsn", resource::dsn);
        equal(expect.getOrDefault("environment", one.getOrDefault("environment", "development")),
                resource.environment(), one.get("name"));
        equal(yes(expect, "fallback"), resource.isFallback(), one.get("name"));
    }

    private static void check(Map<String, Object> one, Map<String, Object> expect, String what,
            java.util.function.Supplier<Text> give) {
        if (expect.get(what) == null) {
            raises("FIELD", give::get);
            return;
        }
        Text out = give.get();
        equal(expect.get(what), out.reveal(), one.get("name"));
        equal(yes(expect, what + "_secret"), out.isSecret(), one.get("name"));
    }

    void testResources() {
        Map<String, Object> document = vectors("resources.json");
        Map<String, List<String>> order = new HashMap<>();
        for (KindRow row : Envres.kinds()) {
            order.computeIfAbsent(row.name(), name -> new ArrayList<>()).add(row.field());
        }
        for (Map<String, Object> one : maps(document.get("cases"))) {
            List<String> at = new ArrayList<>();
            try (Store made = Store.create(null, OWNER); Session session = made.session(OWNER)) {
                checkResource(one, runResource(session, one, at), order.get(text(one, "kind")));
            } catch (EnvresException error) {
                Map<String, Object> expected = map(one.get("error"));
                equal(List.of(String.valueOf(expected.get("at")), String.valueOf(expected.get("code"))),
                        List.of(at.get(at.size() - 1), error.name()), one.get("name"));
                equal(expected.getOrDefault("subject", error.subject()), error.subject(),
                        one.get("name"));
                that((error.getMessage() + error.hint()).contains(
                        (String) expected.getOrDefault("mentions", "")), one.get("name"));
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }
}
