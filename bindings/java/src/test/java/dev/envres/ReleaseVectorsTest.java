// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The shared vectors of versions, tags, rights and digests, through the public interface. */
final class ReleaseVectorsTest extends Fixture {
    private static final StoreOptions RELAXED = new StoreOptions().relaxed();

    // ---- machine.json

    private static void bring(Session s, String state, boolean withdrawn) {
        s.apps().create("shop", CHANGE);
        s.versions().create("shop", new VersionOptions().name("other"), CHANGE);
        ready(s, "shop", "other");
        s.versions().create("shop", new VersionOptions().name("it"), CHANGE);
        if (state.equals("staged")) {
            ready(s, "shop", "it", "staging");
        }
        if (List.of("ready", "live", "retired").contains(state)) {
            ready(s, "shop", "it");
        }
        if (List.of("live", "retired").contains(state)) {
            released(s, "shop", "it", "1.0.0");
        }
        if (state.equals("retired") && withdrawn) {
            s.releases().withdraw("shop", live(s, "shop"), CHANGE);
        } else if (state.equals("retired")) {
            released(s, "shop", "other", "1.1.0");
        }
        if (state.equals("discarded")) {
            s.versions().discard("shop", "it", s.versions().describe("shop", "it"), CHANGE);
        }
        equal(state, s.versions().describe("shop", "it").state());
    }

    private static void happen(Session s, String event) {
        VersionRow it = s.versions().describe("shop", "it");
        switch (event) {
        case "edit" -> s.parts().put("shop", "it", "more.txt", "more", CHANGE);
        case "promote" -> s.versions().promote("shop", "it",
                it.stage().equals("development") ? "staging" : "production", it, CHANGE);
        case "release" -> released(s, "shop", "it", "3.0.0");
        case "rollback" -> s.releases().rollback("shop", new RollbackOptions().version("it"),
                live(s, "shop"), CHANGE);
        case "supersede" -> {
            String name = "other";
            if (!s.versions().describe("shop", "other").state().equals("ready")) {
                name = s.versions().create("shop", new VersionOptions().name("third"), CHANGE).name();
                ready(s, "shop", name);
            }
            released(s, "shop", name, "2.0.0");
        }
        case "withdraw" -> s.releases().withdraw("shop", live(s, "shop"), CHANGE);
        case "discard" -> s.versions().discard("shop", "it", it, CHANGE);
        default -> throw new AssertionError(event);
        }
    }

    private static void runMachine(Map<String, Object> one, boolean withdrawn) {
        try (Store made = Store.create(null, OWNER); Session s = made.session(OWNER)) {
            bring(s, text(one, "state"), withdrawn);
            VersionRow before = s.versions().describe("shop", "it");
            String failed = null;
            try {
                happen(s, text(one, "event"));
            } catch (EnvresException error) {
                failed = error.name();
            }
            VersionRow after = s.versions().describe("shop", "it");
            equal(one.get("error"), failed, one);
            boolean atEnd = one.get("event").equals("promote") && after.stage().equals("production");
            boolean stays = failed != null || one.get("apart") != null && !Boolean.FALSE.equals(
                    one.get("apart"));
            equal(stays ? before.state() : one.get(atEnd ? "last" : "next"), after.state(), one);
        }
    }

    void testMachine() {
        Map<String, Object> document = vectors("machine.json");
        for (Map<String, Object> one : maps(document.get("cases"))) {
            runMachine(one, true);
            if (one.get("state").equals("retired") && !one.get("event").equals("withdraw")) {
                runMachine(one, false);
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }

    // ---- semver.json

    /** A release with this tag, and the tag it gets; nothing is changed. */
    private static String tryTag(Session s, ReleaseOptions options) {
        return s.releases().create("shop", "v1", options.dryRun(), s.versions().describe("shop", "v1"),
                live(s, "shop"), CHANGE).release().tag();
    }

    private static String tryTag(Session s, String tag) {
        return tryTag(s, new ReleaseOptions().tag(tag));
    }

    private static void refused(Session s, String code, Map<String, Object> one) {
        EnvresException error = raises(code, () -> tryTag(s, text(one, "text")));
        equal(one.get("offset"), error.offset(), one);
        that((error.getMessage() + error.hint()).contains((String) one.getOrDefault("mentions", "")), one);
    }

    /** Tags of one precedence take each other's place; those of another do not. */
    private static void runChain(List<?> chain) {
        try (Store made = Store.create(null, OWNER, RELAXED); Session s = made.session(OWNER)) {
            s.apps().create("shop", CHANGE);
            ready(s, "shop", "v1");
            int number = 0;
            for (Object step : chain) {
                List<String> same = step instanceof String one ? List.of(one) : texts(step);
                String version = "s" + number++;
                s.versions().create("shop", new VersionOptions().name(version), CHANGE);
                ready(s, "shop", version);
                released(s, "shop", version, same.get(0));
                same.forEach(tag -> raises("TAG_TAKEN", () -> tryTag(s, tag)));
            }
        }
    }

    private static void runNext(Map<String, Object> one) {
        try (Store made = Store.create(null, OWNER, RELAXED); Session s = made.session(OWNER)) {
            s.apps().create("shop", CHANGE);
            ready(s, "shop", "v1");
            if (one.get("from") != null) {
                s.versions().create("shop", new VersionOptions().name("first"), CHANGE);
                ready(s, "shop", "first");
                released(s, "shop", "first", text(one, "from"));
            }
            ReleaseOptions next = new ReleaseOptions().bump(
                    Bump.valueOf(text(one, "bump").toUpperCase(Locale.ROOT)));
            if (one.containsKey("error")) {
                raises(text(one, "error").substring("ENVRES_E_".length()), () -> tryTag(s, next));
            } else {
                equal(one.get("to"), tryTag(s, next), one);
            }
        }
    }

    void testSemver() {
        Map<String, Object> document = vectors("semver.json");
        session().apps().create("shop", CHANGE);
        ready(session(), "shop", "v1");
        for (Map<String, Object> one : maps(document.get("valid"))) {
            equal(text(one, "text").replaceFirst("^v", ""), tryTag(session(), text(one, "text")));
        }
        maps(document.get("invalid")).forEach(one -> refused(session(), "TAG", one));
        maps(document.get("limit")).forEach(one -> refused(session(), "LIMIT", one));
        maps(document.get("precedence")).forEach(one -> runChain((List<?>) one.get("chain")));
        maps(document.get("next")).forEach(ReleaseVectorsTest::runNext);
        long count = 0;
        for (String part : List.of("valid", "limit", "invalid", "precedence", "next")) {
            count += maps(document.get(part)).size();
        }
        counted(count, document);
    }

    // ---- rights.json

    private interface Act {
        void run(Session session, String key);
    }

    /**
     * The actions that are one call each, whatever stands in the store; the others are asked by
     * tests/unit/test_policy.c, cell for cell.
     */
    private static Map<String, Act> asked() {
        Map<String, Act> made = new LinkedHashMap<>();
        made.put("see names", (s, key) -> s.variables().list(key, false));
        made.put("read values", (s, key) -> s.variables().get(key, "PLAIN"));
        made.put("use secrets", (s, key) -> s.scope(key).get("SECRET"));
        made.put("reveal secrets", (s, key) -> s.variables().get(key, "SECRET", true));
        made.put("change values", (s, key) -> s.variables().put(key, "PLAIN", "2", CHANGE));
        made.put("read the audit", (s, key) -> s.audit().list(new AuditQuery().environment(key)));
        return made;
    }

    private static boolean may(Session session, Act act, String key) {
        try {
            act.run(session, key);
            return true;
        } catch (DeniedException error) {
            equal(Code.DENIED, error.code());
            return false;
        }
    }

    void testRights() {
        Map<String, Object> document = vectors("rights.json");
        Map<String, String> places = Map.of("plain", "development", "protected", "production");
        Map<String, Boolean> verdicts = Map.of("allow", true, "quorum", true, "flag", false, "deny", false);
        int done = 0;
        for (String key : places.values()) {
            session().variables().put(key, "PLAIN", "1", CHANGE);
            session().variables().put(key, "SECRET", Secret.of("2"), CHANGE);
        }
        for (Role role : Role.values()) {
            String word = role.name().toLowerCase(Locale.ROOT);
            Credential credential = key(role.value() + 40).withPrincipal("the " + word);
            session().principals().add("the " + word, credential, role, List.of());
            try (Session acting = store().session(credential)) {
                for (Map<String, Object> row : maps(document.get("rights"))) {
                    Act act = asked().get(text(row, "action"));
                    for (Map.Entry<String, String> place : places.entrySet()) {
                        if (act != null) {
                            done++;
                            equal(verdicts.get(text(map(row.get(place.getKey())), word)),
                                    may(acting, act, place.getValue()), row.get("action") + " " + word);
                        }
                    }
                }
            }
        }
        equal(asked().size() * Role.values().length * 2, done);
        long count = 0;
        for (Map<String, Object> row : maps(document.get("rights"))) {
            count += map(row.get("plain")).size() + map(row.get("protected")).size();
        }
        counted(count, document);
    }

    // ---- digests.json

    private static byte[] data(Map<String, Object> row) {
        if (row.get("data") instanceof Map<?, ?> hex) {
            return HexFormat.of().parseHex((String) hex.get("hex"));
        }
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        for (Object part : (List<?>) row.get("data")) {
            List<?> pair = (List<?>) part;
            made.writeBytes(((String) pair.get(0)).repeat(((Long) pair.get(1)).intValue())
                    .getBytes(StandardCharsets.UTF_8));
        }
        return made.toByteArray();
    }

    void testDigests() {
        Map<String, Object> document = vectors("digests.json");
        for (Map<String, Object> one : maps(document.get("parts"))) {
            equal(one.get("digest"), Envres.partDigest(data(one)), one.get("name"));
        }
        for (Map<String, Object> one : maps(document.get("versions"))) {
            try (Store made = Store.create(null, OWNER, RELAXED); Session s = made.session(OWNER)) {
                s.apps().create("it");
                String content = (String) one.get("content");
                for (Map<String, Object> row : maps(one.get("parts"))) {
                    PartWrite write = PartWrite.of(text(row, "path"), data(row));
                    content = s.parts().put("it", "v1", List.of(yes(row, "public") ? write.toClients()
                            : write));
                }
                equal(one.get("content"), content, one.get("name"));
                equal(content, s.versions().describe("it", "v1").content(), one.get("name"));
            }
        }
        counted(maps(document.get("parts")).size() + maps(document.get("versions")).size(), document);
    }
}
