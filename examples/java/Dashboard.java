// SPDX-License-Identifier: MIT

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.envres.Context;
import dev.envres.Credential;
import dev.envres.EnvresException;
import dev.envres.RenderOptions;
import dev.envres.Scope;
import dev.envres.ScopeOptions;
import dev.envres.Secret;
import dev.envres.Session;
import dev.envres.Store;
import dev.envres.Template;
import dev.envres.TemplateOptions;
import dev.envres.Text;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/**
 * A host in Java: serves the live release of an app over HTTP, in one environment.
 *
 * <p>{@code java Dashboard.java STORE KEY_FILE ENVIRONMENT APP [PORT]}
 *
 * <p>GET /pages/home.json answers with that part of the release, its tags resolved for the environment:
 * a release or a rollback by anybody is served from the next request on. Only public parts go out, and
 * no secret does: a tag that needs one is an error here. Needs envres and the JDK, nothing else.
 */
public final class Dashboard implements HttpHandler {
    private static final String PLAIN = "text/plain; charset=utf-8";
    private static final Map<String, String> KINDS = Map.of("json", "application/json", "js",
            "text/javascript", "html", "text/html; charset=utf-8");

    /** What is served: a scope, and the parts that were parsed for it. */
    private record Serving(Scope scope, Map<String, Template> parsed) { }

    private record Page(int status, String kind, String text, String release) { }

    private final Session session;
    private Serving serving;

    /** Requests may come in any number of threads. */
    public Dashboard(Session session, String environment, String app) {
        this.session = session;
        serving = serve(session.scope(environment, new ScopeOptions().app(app)));
    }

    private static Serving serve(Scope scope) {
        return new Serving(scope, new ConcurrentHashMap<>());
    }

    /** What is live now: one look at the file, a fresh scope only when something changed. */
    private synchronized Serving current() {
        Scope scope = session.latest(serving.scope);
        // The old one is not closed: requests that are running may use it. It ends with them.
        serving = scope == serving.scope ? serving : serve(scope);
        return serving;
    }

    private static Template parse(Scope scope, String path) {
        Context context = path.endsWith(".json") ? Context.JSON : Context.TEXT;
        return Template.parse(Text.of(scope.part(path)), new TemplateOptions().context(context));
    }

    private Page page(String path) {
        Serving now = current();
        if (!now.scope.partIsPublic(path)) {
            return new Page(404, PLAIN, "there is no such page", "");
        }
        Template template = now.parsed.computeIfAbsent(path, one -> parse(now.scope, one));
        String text = template.render(now.scope, new RenderOptions().noSecrets()).plain();
        String kind = KINDS.getOrDefault(path.substring(path.lastIndexOf('.') + 1), PLAIN);
        return new Page(200, kind, text, now.scope.release());
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        Page page;
        try {
            page = page(exchange.getRequestURI().getPath().substring(1));
        } catch (EnvresException error) {
            // An exception never holds a value, so that it can be logged; visitors get its name.
            System.err.println(error);
            page = new Page(500, "application/json", "{\"error\": \"" + error.name() + "\"}", "");
        }
        byte[] body = page.text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", page.kind);
        exchange.getResponseHeaders().set("X-Release", page.release);
        exchange.sendResponseHeaders(page.status, body.length == 0 ? -1 : body.length);
        try (exchange) {
            exchange.getResponseBody().write(body);
        }
    }

    /** Starts serving; port 0: any that is free. */
    public static HttpServer start(Session session, String environment, String app, int port)
            throws IOException {
        HttpServer server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/", new Dashboard(session, environment, app));
        server.setExecutor(Executors.newFixedThreadPool(4, work -> {
            Thread thread = new Thread(work, "dashboard");
            thread.setDaemon(true);
            return thread;
        }));
        server.start();
        return server;
    }

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 4 || arguments.length > 5) {
            System.err.println("java Dashboard.java STORE KEY_FILE ENVIRONMENT APP [PORT]");
            System.exit(2);
        }
        byte[] bytes = Files.readAllBytes(Path.of(arguments[1]));
        int port = arguments.length > 4 ? Integer.parseInt(arguments[4]) : 8000;
        try (Store store = Store.open(Path.of(arguments[0])); Secret key = Secret.of(bytes);
                Session session = store.session(Credential.rawKey(key))) {
            start(session, arguments[2], arguments[3], port);
            Thread.currentThread().join();
        }
    }
}
