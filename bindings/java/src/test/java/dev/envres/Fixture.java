// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** What the tests share: a store in memory, its owner's session, the vectors of all languages. */
class Fixture implements AutoCloseable {
    static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("envres.tree")));
    static final byte[] KEY = new byte[32];
    static final Credential OWNER;
    static final Change CHANGE = Change.reason("a test");
    static final Instant NOON = Instant.ofEpochMilli(1_700_000_000_000L);

    static {
        for (int i = 0; i < KEY.length; i++) {
            KEY[i] = (byte) (i + 1);
        }
        OWNER = Credential.rawKey(Secret.of(KEY));
    }

    private Store store;
    private Session session;
    private Path folder;

    Store store() {
        if (store == null) {
            store = Store.create(null, OWNER, new StoreOptions().clock(() -> NOON));
        }
        return store;
    }

    Session session() {
        if (session == null) {
            session = store().session(OWNER);
        }
        return session;
    }

    /** A file in a folder that ends with the test. */
    Path file(String name) {
        try {
            folder = folder == null ? Files.createTempDirectory("envres-test") : folder;
            return folder.resolve(name);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public void close() {
        if (session != null) {
            session.close();
        }
        if (store != null) {
            store.close();
        }
        if (folder != null) {
            try (Stream<Path> all = Files.walk(folder)) {
                all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }

    static Credential key(int number) {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) number);
        return Credential.rawKey(Secret.of(bytes));
    }

    // ---- what is expected

    interface Attempt {
        void run() throws Exception;
    }

    static void equal(Object expected, Object actual) {
        equal(expected, actual, "");
    }

    static void equal(Object expected, Object actual, Object where) {
        if (!Objects.deepEquals(expected, actual)) {
            throw new AssertionError(where + ": expected " + expected + ", found " + actual);
        }
    }

    static void that(boolean condition, Object where) {
        if (!condition) {
            throw new AssertionError(where);
        }
    }

    static <T extends Throwable> T thrown(Class<T> type, Attempt attempt) {
        try {
            attempt.run();
        } catch (Throwable error) {
            if (type.isInstance(error)) {
                return type.cast(error);
            }
            throw new AssertionError("not a " + type.getSimpleName(), error);
        }
        throw new AssertionError("nothing was thrown, not a " + type.getSimpleName());
    }

    static EnvresException raises(String code, Attempt attempt) {
        EnvresException error = thrown(EnvresException.class, attempt);
        equal("ENVRES_E_" + code, error.name(), error);
        return error;
    }

    // ---- vectors

    static String read(String path) {
        try {
            return Files.readString(ROOT.resolve(path));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** A file of tests/vectors; a runner must go through as many cases as it says. */
    static Map<String, Object> vectors(String name) {
        return map(Json.parse(read("tests/vectors/" + name)));
    }

    static Map<String, Object> api() {
        return map(Json.parse(read("bindings/api.json")));
    }

    /** A runner's last word. */
    static void counted(long count, Map<String, Object> document) {
        equal(document.get("count"), count, "cases");
        System.out.println("        " + count + " cases");
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> maps(Object value) {
        return value == null ? List.of() : (List<Map<String, Object>>) value;
    }

    @SuppressWarnings("unchecked")
    static List<String> texts(Object value) {
        return value == null ? List.of() : (List<String>) value;
    }

    static String text(Map<String, Object> row, String name) {
        return (String) row.get(name);
    }

    static boolean yes(Map<String, Object> row, String name) {
        return Boolean.TRUE.equals(row.get(name)) || Long.valueOf(1).equals(row.get(name));
    }

    static Type type(Object name) {
        return Type.valueOf(((String) name).toUpperCase(java.util.Locale.ROOT));
    }

    static String reveal(Text text) {
        return text == null ? null : text.reveal();
    }

    // ---- releases

    /** Promotes a version through to an environment. */
    static VersionRow ready(Session session, String app, String version, String to) {
        VersionRow seen = session.versions().describe(app, version);
        session.versions().promote(app, version, to, seen, new Moving().through(), CHANGE);
        return session.versions().describe(app, version);
    }

    static VersionRow ready(Session session, String app, String version) {
        return ready(session, app, version, "production");
    }

    static long live(Session session, String app) {
        Long sequence = session.apps().describe(app).liveSequence();
        return sequence == null ? 0 : sequence;
    }

    /** Makes a version that is ready live. */
    static ReleaseRow released(Session session, String app, String version, String tag) {
        return session.releases().create(app, version, tag, session.versions().describe(app, version),
                live(session, app), CHANGE).release();
    }
}
