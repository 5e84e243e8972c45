// SPDX-License-Identifier: MIT
package dev.envres;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The query library: revisions, declared parameters and their types, statements and requests. */
final class QueriesTest extends Fixture {
    private static final String MARK = "s3cr3t-" + "value";

    private Queries queries() {
        Map<String, String> kinds = Map.of("db", "sqlite", "crm", "postgres", "api", "rest", "kv", "redis");
        kinds.forEach((handle, kind) -> session().resources().define(handle, kind));
        session().variables().putMany("development",
                Map.of("REGION", Text.of("eu"), "TOKEN", Secret.of(MARK)));
        return session().queries();
    }

    private static QueryWrite sql(String name, String resource, String source, QueryParam... params) {
        QueryWrite made = new QueryWrite(name, resource).source(source);
        List.of(params).forEach(made::param);
        return made;
    }

    void testRevisions() {
        Queries all = queries();
        String first = "SELECT << params.id >>, << params.note >>";
        QueryParam[] params = {QueryParam.of("id", Type.INTEGER),
            new QueryParam("note", Type.STRING, "", true)};
        equal(1L, all.put(sql("find", "crm", first, params).expect(0), Change.reason("new")));
        equal(1L, all.put(sql("find", "crm", first, params)), "the same makes none");
        raises("CHANGED", () -> all.put(sql("find", "crm", "SELECT 2").expect(0)));
        equal(2L, all.put(sql("find", "db", "SELECT 2").expect(1)));
        equal(3L, all.restore("find", 1, Change.reason("back")));
        raises("NOT_FOUND", () -> all.restore("find", 9));
        all.put(new QueryWrite("all", "api").path("/users"));
        equal(List.of(new QueryListRow("all", "api", "rest", 1, 0, "owner", NOON),
                new QueryListRow("find", "crm", "postgres", 3, 2, "owner", NOON)), all.list());
        equal(List.of(new QueryHistoryRow(3, "crm", "owner", NOON, 1L),
                new QueryHistoryRow(2, "db", "owner", NOON, null),
                new QueryHistoryRow(1, "crm", "owner", NOON, null)), all.history("find"));
        try (Query query = all.open("find")) {
            equal(List.of("crm", "postgres", 3L, first, "", "", ""), List.of(query.resource(),
                    query.kind(), query.revision(), query.source(), query.method(), query.path(),
                    query.headers()));
            equal(List.of(new QueryParamRow("id", "integer", true, null),
                    new QueryParamRow("note", "string", false, "")), query.params());
        }
        equal("SELECT 2", all.open("find", 2).source());
        that(raises("NOT_FOUND", () -> all.open("fnid")).hint().contains("find"), "the nearest");
        raises("REFERRED", () -> session().resources().remove("crm"));
        all.remove("find");
        raises("NOT_FOUND", () -> all.open("find"));
        raises("NOT_FOUND", () -> all.history("find"));
        raises("NOT_FOUND", () -> all.remove("find"));
    }

    void testWhatCannotBePut() {
        Queries all = queries();
        QueryParam one = QueryParam.of("a", Type.INTEGER);
        QueryParam[] many = Collections.nCopies(257, one).toArray(QueryParam[]::new);
        Object[][] cases = {{"NAME", sql("1q", "crm", "SELECT 1")},
            {"NOT_FOUND", sql("q", "cms", "SELECT 1")}, {"TYPE", sql("q", "kv", "GET k")},
            {"INVALID", new QueryWrite("q", "crm")}, {"INVALID", sql("q", "crm", "SELECT 1").path("/x")},
            {"SQL_CONTEXT", sql("q", "crm", "SELECT '<< params.a >>'", one)},
            {"NOT_FOUND", sql("q", "crm", "SELECT << params.b >>", one)},
            {"NAME_TAKEN", sql("q", "crm", "SELECT 1", one, one)},
            {"LIMIT", sql("q", "crm", "SELECT 1", many)},
            {"TYPE", sql("q", "crm", "SELECT 1", new QueryParam("a", Type.INTEGER, "x", false))},
            {"TYPE", sql("q", "crm", "SELECT 1", QueryParam.of("a", Type.TEMPLATE))},
            {"INVALID", new QueryWrite("q", "api").path("https://elsewhere/")},
            {"INVALID", new QueryWrite("q", "api").path("/").method("FETCH")},
            {"INVALID", new QueryWrite("q", "api").path("/").headers("[]")},
            {"JSON", new QueryWrite("q", "api").path("/").source("{")}};
        for (Object[] refused : cases) {
            raises((String) refused[0], () -> all.put((QueryWrite) refused[1]));
        }
        equal(0, all.list().size());
    }

    void testAStatement() {
        Queries all = queries();
        all.put(sql("find", "db", "SELECT << params.v >>, << environment.variables.REGION >> WHERE id IN "
                + "<< params.ids | list >> LIMIT << params.rows >>", QueryParam.of("v", Type.STRING),
                QueryParam.of("ids", Type.JSON), new QueryParam("rows", Type.INTEGER, "9", false)));
        try (Query query = all.open("find"); Scope scope = session().scope("development")) {
            for (String hostile : List.of("O'Neil", "'; DROP TABLE t; --", "<< params.v >>", "💩")) {
                QueryResult result = query.render(scope, Map.of("v", hostile, "ids", List.of(1, 3)));
                Statement statement = result.statement().orElseThrow();
                equal(List.of(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
                        List.of(result.method(), result.path(), result.headers(), result.body()));
                result.close();
                that(!statement.text().contains(hostile), statement.text());
                equal(List.of(hostile, "eu", 1L, 3L, 9L), statement.reveal());
                statement.close();
            }
            raises("LIMIT", () -> query.render(scope, new QueryOptions()
                    .params(Map.of("v", "x", "ids", List.of(1))).outputMax(8)));
        }
    }

    private record Typed(Type type, Object value, boolean strings, Object bound) { }

    void testTypesOfParameters() {
        Queries all = queries();
        Scope scope = session().scope("development");
        String time = "2023-11-14T22:13:20+00:00";
        List<Typed> cases = List.of(new Typed(Type.STRING, "a", false, "a"),
                new Typed(Type.STRING, 1, false, null), new Typed(Type.STRING, null, false, null),
                new Typed(Type.INTEGER, Long.MIN_VALUE, false, Long.MIN_VALUE),
                new Typed(Type.INTEGER, BigInteger.TWO.pow(63).toString(), true, null),
                new Typed(Type.INTEGER, 1.5, false, null), new Typed(Type.INTEGER, true, false, null),
                new Typed(Type.INTEGER, "5", false, null), new Typed(Type.INTEGER, "5", true, 5L),
                new Typed(Type.INTEGER, "5; DROP", true, null), new Typed(Type.NUMBER, 1.5, false, 1.5),
                new Typed(Type.BOOLEAN, false, false, false), new Typed(Type.BOOLEAN, "yes", true, null),
                new Typed(Type.JSON, Map.of("a", List.of(1)), false, "{\"a\":[1]}"),
                new Typed(Type.JSON, "{", true, null), new Typed(Type.TIMESTAMP, time, false, time),
                new Typed(Type.TIMESTAMP, "yesterday", false, null));
        for (Typed one : cases) {
            all.put(sql("q", "crm", "SELECT << params.value >>", QueryParam.of("value", one.type)));
            Query query = all.open("q");
            raises("NOT_SET", () -> query.render(scope, Map.of()));
            QueryOptions options = new QueryOptions()
                    .params(Collections.singletonMap("value", one.value));
            QueryOptions given = one.strings ? options.readStrings() : options;
            if (one.bound == null) {
                equal("value", raises("TYPE", () -> query.render(scope, given)).subject());
            } else {
                Statement statement = query.render(scope, given).statement().orElseThrow();
                equal("SELECT $1", statement.text());
                equal(Arrays.asList(one.bound), statement.parameters());
            }
            that(raises("NOT_FOUND", () -> query.render(scope, Map.of("value", "x", "vaule", 1))).hint()
                    .contains("value"), "the nearest");
        }
    }

    void testARequest() {
        Queries all = queries();
        String body = "{\"who\": \"<< params.who >>\"}";
        String path = "/users/<< params.id >>?who=<< params.who >>";
        String headers = "{\"Authorization\": \"Bearer << environment.variables.TOKEN >>\"}";
        all.put(new QueryWrite("user", "api").source(body).param(QueryParam.of("id", Type.STRING))
                .param(QueryParam.of("who", Type.STRING)).path(path).headers(headers));
        Query query = all.open("user");
        Scope scope = session().scope("development");
        equal(List.of("rest", body, "", path, headers), List.of(query.kind(), query.source(),
                query.method(), query.path(), query.headers()));
        Map<String, Object> given = Map.of("id", "a/../b?c", "who", "O'Neil \"x\"");
        Secret secret;
        try (QueryResult result = query.render(scope, given)) {
            that(result.statement().isEmpty(), "a request");
            equal("POST", result.method().orElseThrow().plain());
            equal("/users/a%2F..%2Fb%3Fc?who=O%27Neil%20%22x%22", result.path().orElseThrow().plain());
            equal(Map.of("who", "O'Neil \"x\""), Json.parse(result.body().orElseThrow().plain()));
            secret = (Secret) result.headers().orElseThrow();
        }
        equal(Map.of("Authorization", "Bearer " + MARK), Json.parse(secret.reveal()));
        that(!secret.redacted("#").contains(MARK) && secret.redacted("#").contains("Bearer"), "redacted");
        raises("SECRET_SINK", () -> query.render(scope, new QueryOptions().params(given).noSecrets()));
        raises("INVALID", () -> query.render(scope, Map.of("id", "..", "who", "x")));
        all.put(new QueryWrite("ping", "api").path("/ping"));
        QueryResult bare = all.open("ping").render(scope, Map.of());
        equal(List.of("GET", "/ping"), List.of(bare.method().orElseThrow().plain(),
                bare.path().orElseThrow().plain()));
        that(bare.headers().isEmpty() && bare.body().isEmpty(), "neither");
    }

    void testASecretParameter() {
        Queries all = queries();
        all.put(sql("login", "crm", "SELECT << params.word >>", QueryParam.of("word", Type.STRING)));
        Statement statement = all.open("login").render(session().scope("development"),
                Map.of("word", Secret.of(MARK))).statement().orElseThrow();
        that(statement.parameters().get(0) instanceof Secret, "secret");
        equal(List.of(MARK), statement.reveal());
        that(!statement.text().contains(MARK), statement.text());
    }

    void testPins() {
        Queries all = queries();
        session().apps().create("shop");
        all.put(sql("find", "crm", "SELECT 1"));
        all.put(sql("list", "crm", "SELECT 'a'"));
        all.pin("shop", null, "find", 0);
        all.pin("shop", "v1", "list", 1, Change.reason("as tested"));
        all.put(sql("find", "crm", "SELECT 2"));
        all.put(sql("list", "crm", "SELECT 'b'"));
        QueryPinRow find = new QueryPinRow("find", "crm", 2, true, 2L);
        equal(List.of(find, new QueryPinRow("list", "crm", 1, false, 2L)), all.pins("shop", "v1"));
        raises("NOT_FOUND", () -> all.pin("shop", null, "fnid", 0));
        raises("NOT_FOUND", () -> all.pin("shop", null, "find", 9));
        raises("NOT_FOUND", () -> all.unpin("shop", null, "lost"));
        raises("REFERRED", () -> all.remove("find"));
        Query query;
        try (Scope scope = session().scope("development", new ScopeOptions().app("shop").version("v1"))) {
            query = scope.query("find");
            that(raises("NOT_FOUND", () -> scope.query("fnid")).hint().contains("find"), "the nearest");
        }
        that(query.revision() == 2 && query.source().equals("SELECT 2"), "outlives its scope");
        raises("INVALID", () -> session().scope("development").query("find"));
        all.unpin("shop", null, "list");
        equal(List.of(find), all.pins("shop", null));
        all.remove("find", Change.force());
        equal(null, all.pins("shop", "v1").get(0).newest());
    }

    void testUseAfterClose() {
        Queries all = queries();
        all.put(sql("find", "crm", "SELECT << params.v >>",
                new QueryParam("v", Type.STRING, "x", false)));
        Query query = all.open("find");
        Scope scope = session().scope("development");
        QueryResult result = query.render(scope, Map.of());
        Statement statement = result.statement().orElseThrow();
        Rows<QueryParamRow> params = query.params();
        session().close();
        store().close();
        thrown(ClosedException.class, all::list);
        equal(List.of("x"), query.render(scope, Map.of()).statement().orElseThrow().reveal(),
                "a query outlives session and store");
        query.close();
        result.close();
        result.close();
        for (Attempt use : List.<Attempt>of(query::source, query::resource, query::kind, query::revision,
                query::params, () -> query.render(scope, Map.of()), result::statement, result::method,
                result::path, result::headers, result::body)) {
            thrown(ClosedException.class, use);
        }
        equal("SELECT $1", statement.text());
        equal(List.of("x"), statement.reveal());
        equal("v", params.get(0).name());
        statement.close();
        thrown(ClosedException.class, statement::reveal);
    }
}
