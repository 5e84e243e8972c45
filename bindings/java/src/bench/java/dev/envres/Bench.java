// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a call costs from Java, beside a native method that gives a constant text of 34 bytes, and beside
 * the same native call of the library without handles that count their users: nanoseconds of this
 * thread's processor time, the best of several rounds. {@code sh bindings/java/bench.sh} runs it.
 */
public final class Bench {
    private static final int CALLS = 200_000;
    private static final String ALONE = "alone: ";
    private static Object sink;

    private Bench() { }

    private static native byte[] bare();

    private static String bareText() {
        return text(bare());
    }

    private static double each(Supplier<Object> call, int calls) {
        var bean = java.lang.management.ManagementFactory.getThreadMXBean();
        long start = bean.getCurrentThreadCpuTime();
        for (int i = 0; i < calls; i++) {
            sink = call.get();
        }
        return (double) (bean.getCurrentThreadCpuTime() - start) / calls;
    }

    /** Rounds, or none: 20. */
    public static void main(String[] arguments) {
        System.loadLibrary("envresbare");
        Credential owner = Credential.rawKey(Envres.generateKey());
        Session session = Store.create(null, owner).session(owner);
        session.variables().put("development", "HOST", "db.dev");
        session.resources().define("crm", "postgres");
        session.resources().configure("development", "crm",
                new ResourceWrite().set("host", "h").set("database", "d"));
        Scope scope = session.scope("development");
        Template template = Template.parse("postgres://<< environment.variables.HOST >>/crm/and/34/bytes");
        if (!template.render(scope).plain().equals(bareText())) {
            throw new IllegalStateException("not the same text");
        }
        Bound bound = template.bind(scope);
        Resource crm = scope.resource("crm");
        List<Template> many = Collections.nCopies(100, template);
        Map<String, Supplier<Object>> calls = new LinkedHashMap<>();
        long there = scope.owner.pointer;
        calls.put("a constant of 34 bytes", Bench::bareText);
        calls.put("render, 34 bytes", () -> template.render(scope));
        calls.put(ALONE + "render, 34 bytes", () -> text(Shim.render(template.owner.pointer, there)));
        calls.put("render a bound template", bound::render);
        calls.put(ALONE + "render a bound template", () -> text(Shim.bound(bound.owner.pointer)));
        calls.put("render 100 with `renderMany`, each", () -> Template.renderMany(many, scope));
        calls.put("read a variable", () -> scope.get("HOST"));
        byte[] name = Utf8.of("HOST");
        calls.put(ALONE + "read a variable", () -> text(Shim.get(there, name)));
        calls.put("a string of a handle", crm::cacheKey);
        calls.put("a resource", () -> {
            scope.resource("crm").close();
            return null;
        });
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        Map<String, Double> best = measured(calls, rounds);
        double bare = best.get("a constant of 34 bytes");
        System.out.println("| call | ns | times the constant | native call alone | times |");
        System.out.println("|---|---|---|---|---|");
        best.forEach((call, cost) -> {
            Double least = best.get(ALONE + call);
            String rest = least == null ? "|" : String.format(Locale.ROOT, "%.0f | %.2f", least,
                    cost / least);
            if (!call.startsWith(ALONE)) {
                System.out.printf(Locale.ROOT, "| %s | %.0f | %.2f | %s |%n", call, cost, cost / bare,
                        rest);
            }
        });
    }

    private static String text(byte[] made) {
        return new String(made, StandardCharsets.UTF_8);
    }

    private static Map<String, Double> measured(Map<String, Supplier<Object>> calls, int rounds) {
        Map<String, Double> best = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            calls.forEach((name, call) -> {
                int share = name.contains("100") ? 100 : 1;
                int slow = name.equals("a resource") ? 10 : 1;
                best.merge(name, each(call, CALLS / share / slow) / share, Math::min);
            });
        }
        return best;
    }
}
