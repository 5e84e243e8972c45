// SPDX-License-Identifier: MIT
package dev.envres;

import dev.envres.openfeature.EnvresProvider;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.ErrorCode;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.ProviderEvent;
import dev.openfeature.sdk.Value;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the OpenFeature provider promises by itself. */
final class FlagsTest extends Fixture {
    private final OpenFeatureAPI api = OpenFeatureAPI.getInstance();
    private final Client client = api.getClient("test");

    @Override
    public void close() {
        api.shutdown();
        super.close();
    }

    private EnvresProvider use(EnvresProvider provider) {
        api.setProviderAndWait("test", provider);
        return provider;
    }

    private static VariableWrite json(String name, String text) {
        return VariableWrite.of(name, text).type(Type.JSON);
    }

    private static VariableWrite number(String name, String text) {
        return VariableWrite.of(name, text).type(Type.NUMBER);
    }

    private Session flags() {
        session().variables().putMany("development", List.of(
                VariableWrite.of("show_beta", "true").type(Type.BOOLEAN),
                VariableWrite.of("GREETING", "hi"), number("LIMIT", "10"), number("RATIO", "0.5"),
                number("HUGE", "9007199254740993"), json("THEME", "{\"dark\": [1]}"),
                VariableWrite.of("URL", "//<< environment.variables.GREETING >>").type(Type.TEMPLATE),
                VariableWrite.of("KEY", Secret.of("s3cr3t")),
                json("BROKEN", "{\"variants\": {\"a\": 1}, \"defaultVariant\": \"b\"}")));
        session().variables().put("staging", "ELSEWHERE", "1");
        return session();
    }

    private static <T> void fails(Supplier<FlagEvaluationDetails<T>> ask, T standard, ErrorCode code) {
        FlagEvaluationDetails<T> found = ask.get();
        equal(List.of(standard, code, "ERROR"), List.of(found.getValue(), found.getErrorCode(),
                found.getReason()), found.getFlagKey());
        that(!String.valueOf(found.getErrorMessage()).contains("s3cr3t"), found.getFlagKey());
    }

    void testTypesAndReasons() {
        use(new EnvresProvider(flags(), "development"));
        FlagEvaluationDetails<Boolean> found = client.getBooleanDetails("show-beta", false);
        that(found.getValue() && found.getReason().equals("STATIC") && found.getVariant() == null, found);
        equal("CACHED", client.getBooleanDetails("show-beta", false).getReason());
        equal("development", found.getFlagMetadata().getString("environment"));
        equal(1L, found.getFlagMetadata().getLong("revision"));
        equal("hi", client.getStringValue("GREETING", ""));
        equal("//hi", client.getStringValue("URL", ""));
        equal(10, client.getIntegerValue("LIMIT", 0));
        equal(0.5, client.getDoubleValue("RATIO", 0.0));
        equal(10.0, client.getDoubleValue("LIMIT", 0.0));
        Value theme = client.getObjectValue("THEME", new Value());
        theme.asStructure().asMap().get("dark").asList();
        equal(1, client.getObjectValue("THEME", new Value()).asStructure().getValue("dark").asList()
                .get(0).asInteger());
        fails(() -> client.getBooleanDetails("NOPE", false), false, ErrorCode.FLAG_NOT_FOUND);
        fails(() -> client.getBooleanDetails("no flag", false), false, ErrorCode.FLAG_NOT_FOUND);
        fails(() -> client.getBooleanDetails("GREETING", false), false, ErrorCode.TYPE_MISMATCH);
        fails(() -> client.getIntegerDetails("show-beta", 1), 1, ErrorCode.TYPE_MISMATCH);
        fails(() -> client.getIntegerDetails("RATIO", 1), 1, ErrorCode.TYPE_MISMATCH);
        fails(() -> client.getIntegerDetails("HUGE", 1), 1, ErrorCode.TYPE_MISMATCH);
        fails(() -> client.getDoubleDetails("HUGE", 0.1), 0.1, ErrorCode.TYPE_MISMATCH);
        fails(() -> client.getStringDetails("KEY", "d"), "d", ErrorCode.GENERAL);
        fails(() -> client.getIntegerDetails("BROKEN", 1), 1, ErrorCode.PARSE_ERROR);
        FlagEvaluationDetails<String> elsewhere = client.getStringDetails("ELSEWHERE", "d");
        that(elsewhere.getValue().equals("d") && elsewhere.getReason().equals("DISABLED")
                && elsewhere.getErrorCode() == null, elsewhere);
    }

    void testTheContextChoosesNothing() {
        use(new EnvresProvider(flags(), "development"));
        equal("hi", client.getStringValue("GREETING", "", new ImmutableContext("user",
                Map.of("environment", new Value("production")))));
    }

    /** The block of the README that needs the SDK, with a session around it. */
    void testTheReadmeRuns() throws Exception {
        String block = PagesTest.blocks("bindings/java/README.md").stream()
                .filter(one -> one.contains("openfeature")).findFirst().orElseThrow();
        Pattern imported = Pattern.compile("(?m)^import .*$");
        String text = imported.matcher(block).results().map(MatchResult::group)
                .collect(Collectors.joining("\n")) + "\npublic final class Flags {\n"
                + "public static boolean run(dev.envres.Session session) {\n"
                + imported.matcher(block).replaceAll("") + "return beta;\n}\n}\n";
        Path source = file("Flags.java");
        Files.writeString(source, text);
        try (PagesTest pages = new PagesTest()) {
            equal(true, pages.compiled(source, "Flags").getMethod("run", Session.class).invoke(null,
                    flags()));
        }
    }

    void testEvents() throws InterruptedException {
        BlockingQueue<Object> events = new LinkedBlockingQueue<>();
        Session session = flags();
        EnvresProvider provider = use(new EnvresProvider(session, "development"));
        client.on(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, event -> {
            events.add(event.getFlagsChanged());
            events.add(event.getEventMetadata().getLong("revision"));
        });
        client.on(ProviderEvent.PROVIDER_STALE, event -> events.add("stale"));
        that(!provider.poll() && events.isEmpty(), events);
        session.variables().put("development", "GREETING", "ho");
        equal("hi", client.getStringValue("GREETING", ""));
        that(provider.poll(), "it changed");
        equal(List.of("GREETING", "URL"), events.poll(10, TimeUnit.SECONDS));
        equal(2L, events.poll(10, TimeUnit.SECONDS));
        equal("ho", client.getStringValue("GREETING", ""));
        session.close();
        that(!provider.poll() && !provider.poll(), "it cannot be read");
        equal("stale", events.poll(10, TimeUnit.SECONDS));
        equal("ho", client.getStringValue("GREETING", ""));
    }

    void testAThreadPolls() throws InterruptedException {
        CountDownLatch changed = new CountDownLatch(1);
        Session session = flags();
        use(new EnvresProvider(session, "development", null, Duration.ofMillis(10),
                EnvresProvider::underscored));
        client.on(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, event -> changed.countDown());
        session.variables().put("development", "GREETING", "ho");
        that(changed.await(10, TimeUnit.SECONDS), "changed");
        equal("ho", client.getStringValue("GREETING", ""));
    }

    void testFlagsOfARelease() {
        Session s = session();
        s.apps().create("shop", new AppOptions().pinConfig(true));
        s.variables().put("production", "GREETING", "one", CHANGE);
        ready(s, "shop", "v1");
        released(s, "shop", "v1", "1.0.0");
        EnvresProvider provider = use(new EnvresProvider(s, "production", "shop", Duration.ZERO,
                EnvresProvider::underscored));
        var about = client.getStringDetails("GREETING", "").getFlagMetadata();
        equal(List.of("1.0.0", "v1"), List.of(about.getString("release"), about.getString("version")));
        s.variables().put("production", "GREETING", "two", CHANGE);
        provider.poll();
        equal("one", client.getStringValue("GREETING", ""), "the release pins it");
        s.versions().create("shop", new VersionOptions());
        ready(s, "shop", "v2");
        released(s, "shop", "v2", "2.0.0");
        that(provider.poll(), "it changed");
        equal("two", client.getStringValue("GREETING", ""));
    }
}
