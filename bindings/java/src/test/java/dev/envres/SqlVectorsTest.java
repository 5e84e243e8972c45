// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The shared vectors of statements and digests, as VectorsTest does it. */
final class SqlVectorsTest extends Fixture {
    static Object bound(Map<String, Object> row) {
        String text = text(row, "value");
        return switch (text(row, "type")) {
        case "integer" -> Long.valueOf(text);
        case "number" -> Double.valueOf(text);
        case "boolean" -> text.equals("true");
        default -> text;
        };
    }

    private static <E extends Enum<E>> E named(Class<E> type, Object name) {
        return Enum.valueOf(type, ((String) name).toUpperCase(Locale.ROOT));
    }

    private static void runStatement(Map<String, Object> one, Scope scope, List<String> at) {
        at.add("parse");
        Template template = Template.parse(Text.of(text(one, "template")), new TemplateOptions()
                .context(Context.SQL).dialect(named(Dialect.class, one.get("dialect")))
                .style(named(Style.class, one.getOrDefault("style", "default"))));
        at.add("render");
        Params params = VectorsTest.params(map(one.get("given")), texts(one.get("allow")));
        try (Statement statement = template.prepare(scope, new RenderOptions().params(params))) {
            equal(one.get("text"), statement.text(), one.get("name"));
            equal(((Long) one.getOrDefault("first", 1L)).intValue(), statement.first(), one.get("name"));
            List<Map<String, Object>> rows = maps(one.get("params"));
            equal(rows.size(), statement.size(), one.get("name"));
            List<Object> values = statement.parameters();
            List<Object> clear = statement.reveal();
            for (int i = 0; i < rows.size(); i++) {
                Map<String, Object> row = rows.get(i);
                equal(row.get("name"), statement.names().get(i), one.get("name"));
                equal(type(row.get("type")), statement.types().get(i), one.get("name"));
                equal(yes(row, "secret"), values.get(i) instanceof Secret, one.get("name"));
                equal(yes(row, "secret") ? row.get("value") : bound(row), clear.get(i), one.get("name"));
            }
        }
    }

    void testSql() {
        Map<String, Object> document = vectors("sql.json");
        List<VariableWrite> writes = new ArrayList<>();
        map(document.get("variables")).forEach((name, value) -> writes.add(VariableWrite.of(name,
                text(map(value), "value")).type(type(map(value).get("type")))
                .secret(yes(map(value), "secret"))));
        session().variables().putMany("development", writes);
        Scope scope = session().scope("development");
        for (Map<String, Object> one : maps(document.get("cases"))) {
            List<String> at = new ArrayList<>();
            try {
                runStatement(one, scope, at);
                that(!one.containsKey("error"), one.get("name"));
            } catch (EnvresException error) {
                equal(one.get("error"), error.name(), one.get("name"));
                equal(one.get("when"), at.get(at.size() - 1), one.get("name"));
                VectorsTest.samePlace(one, error);
                that((error.getMessage() + error.hint()).contains(
                        (String) one.getOrDefault("mentions", "")), one.get("name"));
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }
}
