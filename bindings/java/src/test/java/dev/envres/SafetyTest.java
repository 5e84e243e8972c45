// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Closing, secrets, errors, threads, memory: what must hold whatever is called. */
final class SafetyTest extends Fixture {
    static final String MARK = "s3cr3t-" + "value";

    private Scope scope() {
        session().variables().putMany("development",
                Map.of("HOST", Text.of("db.dev"), "KEY", Secret.of(MARK)));
        session().resources().define("crm", "postgres");
        session().resources().configure("development", "crm", new ResourceWrite().set("host", "db")
                .set("database", "crm").set("user", "u").set("password", Secret.of(MARK)));
        return session().scope("development");
    }

    // ---- closing

    private record Use(AutoCloseable handle, Attempt attempt) { }

    void testUseAfterClose() throws Exception {
        Scope scope = scope();
        Scope other = session().scope("development");
        Template template = Template.parse("<< environment.name >>");
        Bound bound = template.bind(scope);
        Resource crm = scope.resource("crm");
        Params params = Params.of(Map.of("a", 1));
        Rows<VariableRow> rows = session().variables().list();
        Secret secret = Secret.of("x");
        Scan scan = session().scan("development");
        Redactor redactor = Redactor.of();
        for (Use use : List.of(new Use(rows, () -> rows.get(0)), new Use(rows, rows::size),
                new Use(crm, () -> crm.get("host")), new Use(crm, crm::url),
                new Use(params, () -> template.render(other, new RenderOptions().params(params))),
                new Use(bound, bound::render), new Use(bound, bound::text),
                new Use(template, () -> template.render(scope)), new Use(template, template::references),
                new Use(scope, () -> scope.get("HOST")), new Use(scope, () -> scope.expand("x")),
                new Use(scope, scope::environment), new Use(scope, scope::size),
                new Use(secret, secret::reveal), new Use(scan, () -> scan.text("a", "b")),
                new Use(redactor, redactor::masked),
                new Use(session(), () -> session().variables().list()),
                new Use(session(), () -> session().scope("development")),
                new Use(session(), session()::info), new Use(store(), store()::poll),
                new Use(store(), () -> store().session(OWNER)))) {
            use.handle.close();
            use.handle.close();
            equal(Code.INVALID, thrown(ClosedException.class, use.attempt).code());
        }
        that(crm.isClosed() && secret.isClosed() && rows.isClosed() && !other.isClosed(), "closed");
        equal("db.dev", other.get("HOST").plain(), "a scope outlives session and store");
        thrown(ClosedException.class, () -> Template.parse("x").render(scope));
    }

    void testABlockCloses() {
        Session kept;
        try (Session opened = store().session(OWNER); Scope scope = opened.scope("development")) {
            kept = opened;
            that(!scope.isClosed(), "open");
        }
        that(kept.isClosed() && !store().isClosed(), "closed");
    }

    void testNeitherSerializedNorShown() {
        Scope scope = scope();
        for (Object thing : List.of(store(), session(), scope, scope.resource("crm"),
                Template.parse("x"), OWNER, session().variables().list(), Secret.of("x"))) {
            thrown(NotSerializableException.class, () -> {
                try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
                    out.writeObject(thing);
                }
            });
        }
    }

    // ---- secrets

    void testASecretShowsNowhere() {
        Scope scope = scope();
        Secret secret = (Secret) scope.get("KEY");
        Resource crm = scope.resource("crm");
        for (Object shown : List.of(secret, "%s %20s".formatted(secret, secret), List.of(secret), OWNER,
                crm, crm.fields(), crm.url(), session().variables().list("development", true),
                VariableWrite.of("KEY", secret), new ResourceWrite().set("a", secret),
                scope.expand("<< environment.variables.KEY >>"), session().info(), secret.ranges())) {
            that(!shown.toString().contains(MARK), "shown by " + shown.getClass());
        }
        that(secret.equals(Secret.of(MARK)) && !secret.equals(Secret.of("other")), "compared");
        that(!secret.equals((Object) MARK) && secret.hashCode() == Secret.of("x").hashCode(), "hashed");
        raises("SECRET_SINK", secret::plain);
    }

    void testASecretIsWiped() throws InterruptedException {
        Secret secret = Secret.of(MARK);
        byte[] bytes = secret.owner().bytes;
        equal(MARK, secret.use(view -> {
            thrown(java.nio.ReadOnlyBufferException.class, () -> view.put((byte) 0));
            return StandardCharsets.UTF_8.decode(view).toString();
        }));
        equal(MARK, new String(secret.revealBytes(), StandardCharsets.UTF_8));
        secret.use(view -> {
            secret.close();
            that(bytes[0] != 0, "not while it is used");
            return null;
        });
        that(Arrays.equals(bytes, new byte[MARK.length()]), "wiped");
        thrown(ClosedException.class, secret::reveal);
        thrown(ClosedException.class, secret::revealBytes);
        thrown(ClosedException.class, () -> session().variables().put("development", "A", secret));
        byte[] forgotten = forgotten();
        for (int i = 0; i < 200 && forgotten[0] != 0; i++) {
            System.gc();
            Thread.onSpinWait();
            Thread.sleep(5);
        }
        that(Arrays.equals(forgotten, new byte[MARK.length()]), "wiped when it is collected");
        equal("a€😀", Secret.of("a€😀".toCharArray()).reveal());
        raises("UTF8", () -> Secret.of(new char[] {'\ud800'}));
        raises("UTF8", () -> Secret.of(new byte[] {-1}).reveal());
    }

    private static byte[] forgotten() {
        return Secret.of(MARK).owner().bytes;
    }

    void testSecretsSpread() {
        Scope scope = scope();
        Secret out = (Secret) scope.expand("a << environment.variables.KEY >> b");
        equal("a " + MARK + " b", out.reveal());
        equal(List.of(new Secret.Range(2, 2 + MARK.length())), out.ranges());
        equal("a # b", out.redacted("#"));
        raises("SECRET_SINK", () -> scope.expand(Text.of("<< environment.variables.KEY >>"), Context.TEXT,
                true));
        that(Template.parse("<< params.p >>").render(scope, Map.of("p", Secret.of("x"))).isSecret(), "p");
        byte[] buffer = new byte[64];
        int size = scope.getInto(scope.find("KEY"), buffer);
        equal(MARK, new String(buffer, 0, size, StandardCharsets.UTF_8));
        raises("SECRET_SINK", () -> scope.at(scope.find("KEY")));
    }

    void testRedactor() throws InterruptedException {
        Redactor redactor = Redactor.of("#");
        redactor.addScope(scope());
        redactor.add("token", Secret.of("elsewhere-1"));
        redactor.add("pin", Secret.of("123"));
        RefusedRow row = redactor.refused().get(0);
        equal(List.of("pin", "short"), List.of(row.name(), row.reason()));
        equal("a # b #", redactor.text("a " + MARK + " b elsewhere-1"));
        byte[] mark = MARK.getBytes(StandardCharsets.UTF_8);
        equal("x#", redactor.text("x" + HexFormat.of().formatHex(mark)));
        Redactor copy = redactor.copy();
        raises("INVALID", () -> redactor.add("late", Secret.of("later-secret")));
        StringBuilder given = new StringBuilder();
        for (byte[] piece : List.of(copy.feed("log ".getBytes(StandardCharsets.UTF_8)),
                copy.feed(Arrays.copyOf(mark, 6)), copy.feed(Arrays.copyOfRange(mark, 6, mark.length)),
                copy.feed(" end".getBytes(StandardCharsets.UTF_8)), copy.finish())) {
            given.append(new String(piece, StandardCharsets.UTF_8));
        }
        equal("log # end", given.toString());
        equal(List.of(3L, 1L), List.of(redactor.masked(), copy.masked()));
        threads(4, number -> {
            for (int i = 0; i < 50; i++) {
                redactor.text(MARK);
            }
        });
        equal(203L, redactor.masked());
        raises("LIMIT", () -> Redactor.of("x".repeat(65)));
    }

    void testNoExceptionHoldsAValue() {
        Scope scope = scope();
        Variables variables = session().variables();
        byte[] broken = ("\u0000" + MARK).getBytes(StandardCharsets.UTF_8);
        broken[0] = -1;
        for (Attempt attempt : List.<Attempt>of(
                () -> variables.put("development", VariableWrite.of("N", MARK).type(Type.NUMBER)),
                () -> variables.put("development", VariableWrite.of("J", "{" + MARK).type(Type.JSON)),
                () -> variables.put("nowhere", "J", Secret.of(MARK)),
                () -> variables.put("development", "1J", Secret.of(MARK)),
                () -> variables.put("development", "A", MARK + "\ud800"),
                () -> session().resources().configure("development", "crm",
                        new ResourceWrite().set("port", MARK)),
                () -> scope.getBoolean("KEY"), () -> scope.getInteger("KEY"),
                () -> scope.expand("<< environment.variables.KEY | base >>"),
                () -> Params.builder().set("p", Type.NUMBER, Text.of(MARK)).build(),
                () -> variables.put("development", "A", Secret.of(broken)),
                () -> scope.testResource("crm", crm -> Integer.parseInt(crm.url().reveal())))) {
            EnvresException error = thrown(EnvresException.class, attempt);
            for (String text : List.of(error.toString(), error.getMessage(), error.hint(),
                    error.subject())) {
                that(!text.contains(MARK), error.name());
            }
        }
    }

    // ---- errors

    void testWhatAnErrorSays() {
        EnvresException error = raises("NOT_FOUND",
                () -> scope().expand("one\n  << environment.variables.HOTS >>"));
        that(error instanceof NotFoundException, error);
        equal(List.of(6L, 2, 3, "HOTS", Code.NOT_FOUND), List.of(error.offset(), error.line(),
                error.column(), error.subject(), error.code()));
        that(error.hint().contains("HOST") && error.toString().contains("line 2, column 3")
                && error.toString().contains("ENVRES_E_NOT_FOUND"), error);
        EnvresException syntax = raises("SYNTAX", () -> Template.parse("<< environment.name"));
        that(syntax instanceof TextException && syntax.getCause() == null, syntax);
        StringWriter out = new StringWriter();
        syntax.printStackTrace(new PrintWriter(out));
        that(out.toString().contains("SafetyTest"), "a trace");
    }

    void testTextOfEveryKind() {
        Variables variables = session().variables();
        String big = "x".repeat(1 << 20);
        for (String value : List.of("", "Zürich 😀", "a".repeat(1000), "\u0001\u007f", big)) {
            variables.put("development", "V", value);
            equal(value, variables.get("development", "V").plain());
            equal(value, session().scope("development").expand("<< environment.variables.V >>").plain());
            variables.put("development", "V", Text.of(value.getBytes(StandardCharsets.UTF_8)));
            equal(value, session().scope("development").get("V").plain());
        }
        for (Text bad : List.of(Text.of(new byte[] {-1}), Text.of("\ud800"), Text.of("a\0b"),
                Text.of(new byte[] {(byte) 0xc0, (byte) 0x80}), Text.of("\udc00x"))) {
            raises("UTF8", () -> variables.put("development", "V", bad));
        }
        raises("LIMIT", () -> variables.put("development", "V", big + "x"));
        for (String bad : List.of("NUL\0", "\ud800", "é", "")) {
            thrown(EnvresException.class, () -> variables.get("development", bad));
        }
        Scope scope = session().scope("development");
        thrown(EnvresException.class, () -> scope.get(null));
        thrown(EnvresException.class, () -> scope.get("x".repeat(10000)));
        thrown(NullPointerException.class, () -> scope.getInto(0, null));
        thrown(NullPointerException.class, () -> Template.parse("x").renderInto(scope,
                new RenderOptions(), null));
        thrown(NullPointerException.class, () -> Template.parse("x").bind(scope).renderInto(null));
        thrown(NullPointerException.class, () -> Redactor.of().feed(null));
        thrown(EnvresException.class, () -> variables.get(null, "V"));
        thrown(EnvresException.class, () -> variables.get("development", null));
    }

    void testTypedValues() {
        session().variables().putMany("development", List.of(
                VariableWrite.of("B", "true").type(Type.BOOLEAN),
                VariableWrite.of("I", "-7").type(Type.NUMBER),
                VariableWrite.of("D", "0.5").type(Type.NUMBER),
                VariableWrite.of("J", "{\"a\": [1, null, \"\\u00e9\\n\"]}").type(Type.JSON),
                VariableWrite.of("S", "7")));
        Scope scope = session().scope("development");
        that(scope.getBoolean("B") && scope.getInteger("I") == -7 && scope.getDouble("D") == 0.5, "typed");
        equal("{\"a\":[1,null,\"\\u00e9\\n\"]}", scope.getJson("J").plain());
        equal("7", scope.getString("S").plain());
        equal(Arrays.asList(true, -7L, 0.5, Map.of("a", Arrays.asList(1L, null, "é\n")), "7"),
                Stream.of("B", "I", "D", "J", "S").map(scope::value).toList());
        equal(List.of(Type.BOOLEAN, Type.NUMBER, Type.NUMBER, Type.JSON, Type.STRING),
                IntStream.range(0, scope.size()).mapToObj(scope::type).toList());
        equal(List.of("B", "D", "I", "J", "S"), scope.names());
        that(scope.at(scope.find("I")).equals("-7") && !scope.isSecret(0), "at");
        that(scope.tryGet("NOPE").isEmpty() && !scope.contains("NOPE"), "not there");
        for (Attempt wrong : List.<Attempt>of(() -> scope.getBoolean("S"), () -> scope.getInteger("S"),
                () -> scope.getDouble("S"), () -> scope.getJson("S"))) {
            raises("TYPE", wrong);
        }
        for (int index : new int[] {-1, 5, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            thrown(IndexOutOfBoundsException.class, () -> scope.name(index));
            thrown(IndexOutOfBoundsException.class, () -> scope.type(index));
        }
    }

    void testRendering() {
        Scope scope = scope();
        Template template = Template.parse("<< environment.variables.HOST >>:<< params.port >>");
        equal("db.dev:5432", template.render(scope, Map.of("port", 5432)).plain());
        byte[] buffer = new byte[11];
        RenderOptions yes = new RenderOptions().params(Map.of("port", true));
        equal(11, template.renderInto(scope, yes, buffer));
        equal("db.dev:true", new String(buffer, StandardCharsets.UTF_8));
        raises("LIMIT", () -> template.renderInto(scope, yes, new byte[3]));
        raises("LIMIT", () -> template.render(scope, new RenderOptions().params(Map.of("port", 1))
                .outputMax(3)));
        Bound bound = template.bind(scope, new RenderOptions().params(Map.of("port", 1.5)));
        equal(List.of("db.dev:1.5", "db.dev:1.5"), List.of(bound.render().plain(), bound.text()));
        equal(10, bound.renderInto(buffer));
        equal(List.of("HOST", "port"), template.references().stream().map(TagRow::name).toList());
        List<Object> nested = List.of(1, Collections.singletonMap("a\"\n", null));
        equal(Map.of("p", List.of(1L, Collections.singletonMap("a\"\n", null))), Json.parse(Template.parse(
                "{\"p\": \"<< params.p >>\"}", Context.JSON).render(scope, Map.of("p", nested)).plain()));
        String longText = "x".repeat(5000);
        equal(longText + "development", Template.parse(longText + "<< environment.name >>").render(scope)
                .plain());
        equal("value", scope.explain("HOST").get(0).layer());
        equal("é", Template.parse("é").bind(scope).render().plain());
    }

    void testNegativeOptions() {
        try {
            new StoreOptions().kdfMemoryMax(-1);
        } catch (IllegalArgumentException expected) {
            that(expected.getMessage().contains("kdfMemoryMax"), expected);
            return;
        }
        that(false, "taken for a very large number");
    }

    void testRenderingMany() {
        Scope scope = scope();
        Template big = Template.parse("x".repeat(70000));
        List<Template> all = new ArrayList<>(List.of(big));
        for (int i = 0; i < 8000; i++) {
            all.add(Template.parse(i + "-<< environment.variables.HOST >>"));
        }
        all.addAll(List.of(Template.parse("<< environment.variables.KEY >>"), big, all.get(1)));
        List<Text> made = Template.renderMany(all, scope);
        equal(all.size(), made.size());
        for (int i = 0; i < 8000; i++) {
            equal(i + "-db.dev", made.get(i + 1).plain());
        }
        that(made.get(0).plain().length() == 70000 && made.get(8002).equals(made.get(0)), "long");
        equal(MARK, made.get(8001).reveal());
        equal("0-db.dev", made.get(8003).plain());
        equal(List.of(), Template.renderMany(List.of(), scope));
        equal("NOPE", raises("NOT_FOUND", () -> Template.renderMany(List.of(all.get(1),
                Template.parse("<< environment.variables.NOPE >>")), scope)).subject());
    }

    void testStatements() {
        scope();
        session().variables().put("development", VariableWrite.of("LIMIT", "10").type(Type.NUMBER));
        Scope scope = session().scope("development");
        Template template = Template.sql("SELECT * FROM << params.t | ident >> WHERE a = << params.a >>"
                + " AND b = << params.b >> AND k = << environment.variables.KEY >> AND n IS << params.n >>"
                + " LIMIT << environment.variables.LIMIT >>", Dialect.POSTGRES);
        Params params = Params.builder().set("t", "users").set("a", "x' OR 1").set("b", true)
                .set("n", null).allow("users").build();
        try (Statement statement = template.prepare(scope, new RenderOptions().params(params))) {
            equal("SELECT * FROM \"users\" WHERE a = $1 AND b = $2 AND k = $3 AND n IS $4 LIMIT $5",
                    statement.text());
            that(statement.first() == 1 && statement.size() == 5, statement.first());
            equal("params.a", statement.names().get(0));
            equal(Arrays.asList("x' OR 1", true, Secret.of(MARK), null, 10L), statement.parameters());
            equal(Arrays.asList("x' OR 1", true, MARK, null, 10L), statement.reveal());
            that(!statement.parameters().toString().contains(MARK), "redacted");
        }
        raises("IDENT", () -> template.prepare(scope, Map.of("t", "users", "a", 1, "b", 2, "n", 3)));
        raises("INVALID", () -> template.render(scope, new RenderOptions().params(params)));
        Template colon = Template.parse(Text.of("<< params.a >>"), new TemplateOptions()
                .context(Context.SQL).dialect(Dialect.SQLITE).style(Style.COLON));
        equal(":p1", colon.prepare(scope, Map.of("a", 0.5)).text());
        equal(List.of(0.5), colon.prepare(scope, Map.of("a", 0.5)).parameters());
        raises("INVALID", () -> Template.parse("x", Context.SQL));
    }

    // ---- threads and memory

    interface Work {
        void run(int number) throws Exception;
    }

    static void threads(int count, Work work) throws InterruptedException {
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> all = IntStream.range(0, count).mapToObj(number -> new Thread(() -> {
            try {
                work.run(number);
            } catch (Throwable error) {
                failures.add(error);
            }
        })).toList();
        all.forEach(Thread::start);
        for (Thread one : all) {
            one.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("in a thread", failures.get(0));
        }
    }

    void testEightThreads() throws InterruptedException {
        Scope scope = scope();
        Template template = Template.parse("<< environment.variables.HOST >>-<< params.n >>");
        threads(8, number -> {
            for (int turn = 0; turn < 200; turn++) {
                equal("db.dev-" + number, template.render(scope, Map.of("n", number)).plain());
                equal("T" + number, raises("NOT_FOUND", () -> scope.get("T" + number)).subject());
                if (turn % 40 == 0) {
                    session().variables().put("development", "T" + number, "" + turn);
                }
            }
        });
        equal(10, session().scope("development").size());
    }

    void testClosingWhileOthersUseIt() throws InterruptedException {
        scope();
        Template template = Template.parse("<< environment.variables.HOST >>");
        List<Scope> scopes = IntStream.range(0, 50).mapToObj(i -> session().scope("development")).toList();
        Secret shared = Secret.of(MARK);
        threads(4, number -> {
            for (Scope one : scopes) {
                try {
                    for (int turn = 0; ; turn++) {
                        if (number == 0 && turn > 20) {
                            one.close();
                        }
                        equal("db.dev", template.render(one).plain());
                        one.resource("crm").close();
                    }
                } catch (ClosedException expected) {
                    continue;
                }
            }
            try {
                if (number == 0) {
                    shared.close();
                }
                for (int i = 0; i < 1000; i++) {
                    equal(MARK, shared.reveal());
                }
            } catch (ClosedException expected) {
                return;
            }
        });
    }

    /** Resident memory of this process, in bytes. */
    private static long resident() {
        try {
            String line = Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(one -> one.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
        } catch (IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }

    void testMemoryStaysFlat() {
        scope();
        Template template = Template.parse("<< environment.variables.KEY >>");
        Work use = times -> {
            for (int i = 0; i < times; i++) {
                try (Scope one = session().scope("development")) {
                    ((Secret) template.render(one)).close();
                    one.resource("crm").close();
                    one.explain("HOST").get(0);
                }
                raises("SYNTAX", () -> Template.parse("<< environment.name"));
            }
            System.gc();
        };
        try {
            use.run(3000);
            long before = resident();
            use.run(10000);
            long grown = resident() - before;
            that(grown < 4 << 20, "grew by " + grown);
        } catch (Exception error) {
            throw new AssertionError(error);
        }
    }

    void testFilesAreClosed() {
        Path path = file("s");
        Store.create(path, OWNER).close();
        int[] files = new int[2];
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 50 + 200 * round; i++) {
                try (Store opened = Store.open(path); Session acting = opened.session(OWNER)) {
                    acting.scope("development").close();
                }
            }
            files[round] = new java.io.File("/proc/self/fd").list().length;
        }
        equal(files[0], files[1]);
    }

    void testKeysAreRandom() {
        Secret one = Envres.generateKey();
        that(one.revealBytes().length == 32 && !one.equals(Envres.generateKey()), "random");
    }
}
