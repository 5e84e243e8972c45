// SPDX-License-Identifier: MIT
package dev.envres;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;

/** The README's examples do what they say, and the example host serves what is live. */
final class PagesTest extends Fixture {
    static List<String> blocks(String page) {
        List<String> made = new ArrayList<>();
        Matcher matcher = Pattern.compile("(?m)^```java\n((?s:.*?))^```").matcher(read(page));
        while (matcher.find()) {
            made.add(matcher.group(1));
        }
        return made;
    }

    /** Compiles one file into a folder of its own. */
    Class<?> compiled(Path source, String name) throws Exception {
        Path out = Files.createDirectories(file("out"));
        equal(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-Xlint:all,-classfile", "-Werror",
                "-proc:none", "-cp", System.getProperty("java.class.path"), "-d", out.toString(),
                source.toString()));
        return new URLClassLoader(new URL[] {out.toUri().toURL()}).loadClass(name);
    }

    /** All blocks that need no other package, one after another; what is printed stands behind // ->. */
    void testTheReadmeRuns() throws Exception {
        StringBuilder imports = new StringBuilder();
        StringBuilder body = new StringBuilder();
        List<String> said = new ArrayList<>();
        for (String block : blocks("bindings/java/README.md")) {
            if (block.contains("openfeature")) {
                continue;
            }
            for (String line : block.split("\n")) {
                (line.startsWith("import ") ? imports : body).append(line).append('\n');
                if (line.contains("// -> ")) {
                    said.add(line.substring(line.indexOf("// -> ") + 6));
                }
            }
        }
        String text = body.toString().replace("app.envres", file("app.envres").toString());
        Path source = file("Readme.java");
        Files.writeString(source, imports + "public final class Readme {\n"
                + "public static void main(String[] arguments) throws Exception {\n" + text + "}\n}\n");
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            compiled(source, "Readme").getMethod("main", String[].class).invoke(null, (Object) null);
        } finally {
            System.setOut(before);
        }
        equal(said, printed.toString(StandardCharsets.UTF_8).lines().toList());
        that(said.size() >= 7, said);
    }

    private record Answer(int status, String release, String body) { }

    /** Asks as it stands: a client of Java's would tidy the path. */
    private static Answer get(HttpServer server, String path) throws Exception {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(server.getAddress().getAddress(),
                    server.getAddress().getPort()));
            socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\nHost: here\r\n\r\n").getBytes(
                    StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) in.read());
            }
            Matcher size = Pattern.compile("(?im)^content-length: ?([0-9]+)").matcher(head);
            that(size.find(), head);
            String body = new String(in.readNBytes(Integer.parseInt(size.group(1))),
                    StandardCharsets.UTF_8);
            Matcher release = Pattern.compile("(?im)^x-release: ?(.*)$").matcher(head);
            return new Answer(Integer.parseInt(head.substring(9, 12)),
                    release.find() ? release.group(1).strip() : "", body);
        }
    }

    private static void publish(Session s, String version, String path, String text) {
        s.parts().put("support", version, List.of(PartWrite.of(path, text).toClients()));
    }

    void testTheExampleHost() throws Exception {
        Session s = session();
        s.apps().create("support");
        publish(s, "v1", "pages/home.json", "{\"in\": \"<< environment.name >>\"}");
        publish(s, "v1", "pages/odd.json", "{\"key\": \"<< environment.variables.KEY >>\"}");
        s.parts().put("support", "v1", "queries/secret.sql", "SELECT 1");
        s.variables().put("development", "KEY", Secret.of("s3cr3t"));
        for (String key : Arrays.asList("staging", "production")) {
            s.variables().put(key, VariableWrite.of("KEY", "another class").secret(true), CHANGE);
        }
        thrown(CheckException.class, () -> ready(s, "support", "v1"));
        publish(s, "v1", "pages/odd.json", "\"<< params.p >>\"");
        ready(s, "support", "v1");
        released(s, "support", "v1", "1.0.0");
        Class<?> type = compiled(ROOT.resolve("examples/java/Dashboard.java"), "Dashboard");
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        HttpServer server = (HttpServer) type.getMethod("start", Session.class, String.class,
                String.class, int.class).invoke(null, s, "production", "support", 0);
        try {
            equal(new Answer(200, "1.0.0", "{\"in\": \"production\"}"), get(server, "/pages/home.json"));
            for (String path : List.of("/queries/secret.sql", "/nothing", "/", "/../pages/home.json")) {
                equal(404, get(server, path).status());
            }
            Answer odd = get(server, "/pages/odd.json");
            equal(new Answer(500, "", "{\"error\": \"ENVRES_E_NOT_SET\"}"), odd);
            that(log.toString(StandardCharsets.UTF_8).contains("'p' was not given"), log);
            s.versions().create("support", new VersionOptions().name("v2"));
            publish(s, "v2", "pages/home.json", "{\"v\": 2}");
            ready(s, "support", "v2");
            released(s, "support", "v2", "2.0.0");
            equal(new Answer(200, "2.0.0", "{\"v\": 2}"), get(server, "/pages/home.json"));
            s.releases().rollback("support", new RollbackOptions(), 2, CHANGE);
            equal(new Answer(200, "1.0.0", "{\"in\": \"production\"}"), get(server, "/pages/home.json"));
        } finally {
            server.stop(0);
            System.setErr(before);
        }
    }
}
