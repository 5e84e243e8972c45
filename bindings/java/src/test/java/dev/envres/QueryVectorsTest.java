// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The shared vectors of queries, as VectorsTest does it. */
final class QueryVectorsTest extends Fixture {
    private static QueryWrite source(Map<String, Object> one) {
        QueryWrite write = new QueryWrite("q", text(one, "resource")).source(text(one, "text"))
                .method(text(one, "method")).path(text(one, "path")).headers(text(one, "headers"));
        for (Map<String, Object> row : maps(one.getOrDefault("declared", List.of()))) {
            write.param(new QueryParam(text(row, "name"), type(row.get("type")), text(row, "preset"),
                    yes(row, "optional")));
        }
        return write;
    }

    private static void checkStatement(Map<String, Object> one, Statement statement) {
        Map<String, Object> wanted = map(one.get("statement"));
        List<Object> bound = new ArrayList<>();
        List<Object> names = new ArrayList<>();
        for (Map<String, Object> row : maps(wanted.get("params"))) {
            names.add(row.get("name"));
            bound.add(SqlVectorsTest.bound(row));
        }
        equal(wanted.get("text"), statement.text(), one.get("name"));
        equal(names, new ArrayList<Object>(statement.names()), one.get("name"));
        equal(bound, statement.reveal(), one.get("name"));
    }

    private static void checkRequest(Map<String, Object> one, QueryResult result) {
        Map<String, Object> found = new TreeMap<>();
        Map<String, Optional<Text>> parts = Map.of("method", result.method(), "path", result.path(),
                "headers", result.headers(), "body", result.body());
        parts.forEach((name, part) -> part.ifPresent(text -> found.put(name, text.plain())));
        equal(new TreeMap<>(map(one.get("request"))), found, one.get("name"));
    }

    /** Puts it and renders it; `at` is told how far it came. */
    private void run(Map<String, Object> one, Scope scope, List<String> at) {
        at.add("put");
        session().queries().put(source(one), CHANGE);
        at.add("render");
        QueryOptions options = new QueryOptions().params(VectorsTest.params(map(one.get("given")),
                List.of()));
        if (yes(one, "read_strings")) {
            options.readStrings();
        }
        try (Query query = session().queries().open("q");
                QueryResult result = query.render(scope, options)) {
            Optional<Statement> statement = result.statement();
            equal(one.containsKey("statement"), statement.isPresent(), one.get("name"));
            if (statement.isPresent()) {
                checkStatement(one, statement.get());
                statement.get().close();
            } else {
                checkRequest(one, result);
            }
        }
    }

    void testQueries() {
        Map<String, Object> document = vectors("queries.json");
        map(document.get("variables")).forEach((name, value) -> session().variables().putMany(
                "development", List.of(VariableWrite.of(name, text(map(value), "value"))
                        .type(type(map(value).get("type"))))));
        map(document.get("resources")).forEach((handle, kind) -> session().resources().define(handle,
                (String) kind, CHANGE));
        Scope scope = session().scope("development");
        for (Map<String, Object> one : maps(document.get("cases"))) {
            List<String> at = new ArrayList<>();
            try {
                run(one, scope, at);
                that(!one.containsKey("error"), one.get("name"));
            } catch (EnvresException error) {
                equal(one.get("error"), error.name(), one.get("name"));
                equal(one.get("when"), at.get(at.size() - 1), one.get("name"));
                equal(one.getOrDefault("subject", error.subject()), error.subject(), one.get("name"));
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }
}
