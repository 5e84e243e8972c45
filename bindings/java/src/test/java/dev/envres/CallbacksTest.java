// SPDX-License-Identifier: MIT
package dev.envres;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Key provider, clock, anchor, audit sink and probe: what they are given, and what they throw. */
final class CallbacksTest extends Fixture {
    private static final String MARK = SafetyTest.MARK;

    /** A provider that wraps with exclusive or, and remembers. */
    private static final class Vault implements KeyProvider {
        private final List<byte[]> keys = new ArrayList<>();
        private RuntimeException fails;
        private boolean brief;

        private static byte[] turned(byte[] bytes) {
            byte[] made = bytes.clone();
            for (int i = 0; i < made.length; i++) {
                made[i] ^= 0x5A;
            }
            return made;
        }

        @Override
        public byte[] wrap(byte[] principal, byte[] key, byte[] aad) {
            that(principal.length == 16 && key.length == 32 && aad.length > 0, "what is given");
            keys.add(key);
            return turned(key);
        }

        @Override
        public byte[] unwrap(byte[] principal, byte[] blob, byte[] aad) {
            if (fails != null) {
                throw fails;
            }
            return brief ? new byte[5] : turned(blob);
        }
    }

    void testProvider() {
        Vault vault = new Vault();
        try (Store made = Store.create(null, Credential.provider(vault))) {
            that(Arrays.equals(new byte[32], vault.keys.get(0)), "what wrap() was given is wiped");
            made.session(Credential.provider(vault)).close();
            vault.fails = new IllegalStateException(MARK);
            EnvresException error = raises("CALLBACK", () -> made.session(Credential.provider(vault)));
            that(error.getCause() == vault.fails && !error.toString().contains(MARK), error);
            that(error instanceof CallbackException, error);
            vault.fails = new DeniedException(Code.DENIED, "no", "", "");
            that(raises("CALLBACK", () -> made.session(Credential.provider(vault))).getCause()
                    == vault.fails, "the library says CALLBACK whatever its code");
            vault.fails = null;
            vault.brief = true;
            raises("CALLBACK", () -> made.session(Credential.provider(vault)));
        }
    }

    void testClock() {
        List<Throwable> reported = new ArrayList<>();
        Thread here = Thread.currentThread();
        Instant[] now = {Instant.ofEpochMilli(1000)};
        InstantSource clock = () -> {
            if (now[0] == null) {
                throw new IllegalStateException("no clock");
            }
            return now[0];
        };
        here.setUncaughtExceptionHandler((thread, error) -> reported.add(error));
        try (Store made = Store.create(null, OWNER, new StoreOptions().clock(clock));
                Session acting = made.session(OWNER)) {
            now[0] = Instant.parse("1970-01-02T00:00:00Z");
            acting.variables().put("development", "A", "1");
            equal(now[0], acting.variables().history("development", "A", false).get(0).time());
            now[0] = null;
            acting.variables().put("development", "A", "2");
        } finally {
            here.setUncaughtExceptionHandler(null);
        }
        that(reported.get(0).getMessage().equals("no clock"), reported);
    }

    private static final class Memory implements Anchor {
        private final Map<String, State> kept = new HashMap<>();
        private boolean fails;

        @Override
        public State load(byte[] workspace) {
            return kept.get(HexFormat.of().formatHex(workspace));
        }

        @Override
        public void store(byte[] workspace, long expected, State state) {
            if (fails) {
                throw new IllegalStateException(MARK);
            }
            kept.put(HexFormat.of().formatHex(workspace), state);
        }
    }

    void testAnchor() {
        Memory memory = new Memory();
        StoreOptions anchored = new StoreOptions().anchor(memory);
        try (Store made = Store.create(file("s"), OWNER, anchored); Session acting = made.session(OWNER)) {
            made.backup(file("old"));
            acting.variables().put("development", "A", "1");
            Anchor.State state = memory.kept.values().iterator().next();
            that(state.sequence() >= 2 && state.hash().length == 32, state);
            memory.fails = true;
            EnvresException error = raises("CALLBACK", () -> {
                acting.variables().put("development", "A", "2");
                acting.variables().put("development", "A", "3");
            });
            that(error.getCause() instanceof IllegalStateException
                    && !error.toString().contains(MARK), error);
            memory.fails = false;
        }
        try (Store opened = Store.open(file("old"), anchored)) {
            raises("ROLLBACK", () -> opened.session(OWNER));
        }
        try (Store opened = Store.open(file("old"))) {
            opened.session(OWNER).close();
        }
    }

    void testAuditSink() {
        List<Checkpoint> given = new ArrayList<>();
        boolean[] fails = {false};
        StoreOptions options = new StoreOptions().auditSink(checkpoint -> {
            if (fails[0]) {
                throw new IllegalStateException(MARK);
            }
            given.add(checkpoint);
        });
        try (Store made = Store.create(null, OWNER, options); Session acting = made.session(OWNER)) {
            acting.principals().add("bob", key(2), null, List.of());
            Checkpoint last = given.get(given.size() - 1);
            that(last.signer().length == 16 && last.signature().length == 64, last);
            acting.audit().check(last);
            thrown(IntegrityException.class, () -> acting.audit().check(new Checkpoint(last.workspace(),
                    last.signer(), last.signKey(), last.sequence() + 100, last.time(),
                    last.policyVersion(), last.hash(), last.signature())));
            fails[0] = true;
            that(raises("CALLBACK", () -> {
                acting.principals().remove("bob");
                acting.variables().put("development", "A", "1");
            }).getCause() instanceof IllegalStateException, "the cause");
            fails[0] = false;
        }
    }

    /** What a sink threw after a change that stands is no cause of what fails later. */
    void testACauseIsOfItsOwnCall() {
        RuntimeException[] fails = {null};
        List<Throwable> reported = new ArrayList<>();
        StoreOptions options = new StoreOptions().auditSink(checkpoint -> {
            if (fails[0] != null) {
                throw fails[0];
            }
        });
        Thread here = Thread.currentThread();
        here.setUncaughtExceptionHandler((thread, error) -> reported.add(error));
        try (Store made = Store.create(null, OWNER, options)) {
            Session acting = made.session(OWNER);
            acting.principals().add("bob", key(2), null, List.of());
            fails[0] = new NotFoundException(Code.NOT_FOUND, "no", "", "");
            acting.principals().remove("bob");
            fails[0] = null;
            EnvresException error = raises("NOT_FOUND",
                    () -> acting.variables().put("nowhere", "A", "1"));
            that(error.getCause() == null, error.getCause());
            acting.variables().put("development", "A", "1");
            that(reported.isEmpty(), reported);
            fails[0] = new IllegalStateException(MARK);
            acting.close();
            equal(List.of(fails[0]), reported);
            error = raises("NOT_FOUND", () -> made.session(OWNER, "nowhere"));
            that(error.getCause() == null, error.getCause());
        } finally {
            here.setUncaughtExceptionHandler(null);
        }
    }

    void testProbe() {
        session().variables().put("development", "HOST", "db.dev");
        session().resources().define("crm", "postgres");
        session().resources().configure("development", "crm", new ResourceWrite().set("host", "db")
                .set("database", "crm").set("password", Secret.of(MARK)).set("user", "u"));
        Scope scope = session().scope("development");
        Resource[] seen = new Resource[1];
        scope.testResource("crm", crm -> {
            seen[0] = crm;
            equal("db", crm.get("host").plain());
            equal(MARK, crm.get("password").reveal());
            scope.get("HOST");
        });
        that(seen[0].isClosed(), "lent only");
        thrown(ClosedException.class, seen[0]::url);
        EnvresException error = raises("IO", () -> scope.testResource("crm", crm -> {
            throw new StoreException(Code.IO, "no route", "look", "crm");
        }));
        equal(List.of("no route", "look", "crm"), List.of(error.getMessage(), error.hint(),
                error.subject()));
        error = raises("CALLBACK", () -> scope.testResource("crm", crm -> {
            scope.tryGet("NOPE");
            throw new IllegalArgumentException(MARK);
        }));
        that(error.getCause() instanceof IllegalArgumentException
                && error.getMessage().contains("IllegalArgumentException"), error);
        error = raises("CALLBACK", () -> scope.testResource("crm", crm -> overflow(0)));
        that(error.getCause() instanceof StackOverflowError, error);
    }

    private static int overflow(int depth) {
        return overflow(depth + 1) + 1;
    }

    /** Nothing is known any more of what was closed. */
    void testHostsAreForgotten() {
        Memory memory = new Memory();
        Store made = Store.create(null, OWNER, new StoreOptions().anchor(memory));
        Session acting = made.session(OWNER);
        made.close();
        acting.variables().put("development", "A", "1");
        int before = Callbacks.known();
        acting.close();
        equal(before - 1, Callbacks.known());
    }
}
