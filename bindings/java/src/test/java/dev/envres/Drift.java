// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Everything public in C is there in Java: bindings/api.json against the sources of the binding. */
final class Drift extends Fixture {
    /** What has no method, and why. */
    private static final Map<String, String> UNBOUND = Map.of(
            "envres_scope_ref", "a Scope is a reference; names of it are Java's",
            "envres_template_ref", "likewise",
            "envres_bound_ref", "likewise",
            "envres_error_set_position", "a probe has no text of the caller's",
            "envres_error_clear", "a slot serves one call",
            "envres_value_redacted", "Secret.redacted() does it from the ranges",
            "envres_type_name", "Type.name()",
            "envres_role_name", "Role.name()");
    private static final Map<String, String> UNUSED = Map.of(
            "ENVRES_QUERY_TEXTS", "how many there are; each has a method",
            "ENVRES_TEMPLATE_BORROW", "bytes of Java may move; the text is copied",
            "ENVRES_CELL_NULL", "the shim tells cells apart",
            "ENVRES_CELL_INTEGER", "likewise",
            "ENVRES_CELL_TEXT", "likewise");
    /** Columns that the library gives another name than their constant has. */
    private static final Map<String, String> NAMED = Map.of("ENVRES_EDIT_NUMBER", "edit",
            "ENVRES_KIND_NAME", "kind", "ENVRES_ENVIRONMENT_REVEALS", "editors_reveal",
            "ENVRES_ENVIRONMENT_ROLLBACKS", "rollback_approvals");
    private static final Map<String, List<Map<String, Object>>> TABLES = new HashMap<>();

    static {
        for (Map<String, Object> table : maps(api().get("lists"))) {
            StringBuilder name = new StringBuilder();
            for (String word : text(table, "name").split("_")) {
                name.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
            }
            TABLES.put(name + "Row", maps(table.get("columns")));
        }
    }

    private static String sources(String folder) {
        try (Stream<Path> all = Files.walk(ROOT.resolve("bindings/java/src/main").resolve(folder))) {
            StringBuilder made = new StringBuilder();
            for (Path path : all.filter(Files::isRegularFile).toList()) {
                made.append(Files.readString(path)).append('\n');
            }
            return made.toString();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static Set<String> found(String pattern, String text) {
        Set<String> made = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            made.add(matcher.group(1));
        }
        return made;
    }

    /** Called for every row of every list that any test reads. */
    static void rowIsAsDescribed(Object row, Cells cells) {
        List<Map<String, Object>> columns = TABLES.get(row.getClass().getSimpleName());
        RecordComponent[] components = row.getClass().getRecordComponents();
        equal(columns.size(), components.length, row.getClass());
        for (int i = 0; i < components.length; i++) {
            Map<String, Object> column = columns.get(i);
            String said = NAMED.getOrDefault(text(column, "name"), text(column, "column"));
            equal(said, cells.columns().get(i), row.getClass());
            that(cells.cell(i) != null || yes(column, "null"), row.getClass() + ": " + said);
        }
    }

    /** What C is called, and whether Java calls the native method. */
    void testEveryFunctionIsCalled() {
        String c = sources("c");
        Set<String> called = found("\\b(envres_[a-z0-9_]+)\\(", c);
        Set<String> wanted = new TreeSet<>();
        Set<String> declared = new HashSet<>();
        for (Map<String, Object> function : maps(api().get("functions"))) {
            declared.add(text(function, "name"));
            if (yes(function, "exported")) {
                wanted.add(text(function, "name"));
            }
        }
        wanted.remove("envres_nul_terminated");
        Set<String> left = new TreeSet<>(wanted);
        left.removeAll(called);
        left.removeAll(UNBOUND.keySet());
        equal(Set.of(), left, "without a method; see UNBOUND");
        for (String name : UNBOUND.keySet()) {
            that(declared.contains(name) && !called.contains(name), name);
        }
        called.removeAll(declared);
        equal(Set.of(), called, "called, and not in the interface");
    }

    void testEveryNativeMethodIsUsed() {
        String java = sources("java");
        Set<String> tested = Set.of("statusCount", "statusAt", "statusName", "statusText");
        for (Class<?> type : List.of(Native.class, Shim.class)) {
            for (Method method : type.getDeclaredMethods()) {
                if (Modifier.isNative(method.getModifiers()) && !tested.contains(method.getName())) {
                    that(Pattern.compile("\\b" + type.getSimpleName() + "(\\.|::)" + method.getName()
                            + "\\b").matcher(java).find(), method);
                }
            }
        }
        for (Method method : Structs.class.getDeclaredMethods()) {
            that(java.contains("Structs." + method.getName() + "("), method);
        }
    }

    void testEveryConstantIsUsed() throws ReflectiveOperationException {
        String java = sources("java");
        List<Class<?>> enums = List.of(Type.class, Context.class, Dialect.class, Style.class, Role.class,
                Bump.class);
        for (Map<String, Object> group : maps(api().get("constants"))) {
            for (Map<String, Object> one : maps(group.get("constants"))) {
                if (text(group, "header").equals("testing.h")) {
                    continue;
                }
                String name = text(one, "name").substring("ENVRES_".length());
                String prefix = name.substring(0, name.indexOf('_'));
                Class<?> type = enums.stream().filter(e -> e.getSimpleName().equalsIgnoreCase(prefix))
                        .findFirst().orElse(null);
                if (type == null) {
                    equal(one.get("value"), (long) Flags.class.getDeclaredField(name).getInt(null), name);
                    that(java.contains("Flags." + name) || UNUSED.containsKey("ENVRES_" + name), name);
                } else {
                    Object constant = type.getDeclaredField(name.substring(prefix.length() + 1)).get(null);
                    Object value = type.getDeclaredMethod("value").invoke(constant);
                    equal(one.get("value"), ((Integer) value).longValue(), name);
                }
            }
        }
    }

    void testCodes() {
        Map<String, Integer> library = new HashMap<>();
        for (int i = 0; i < Native.statusCount(); i++) {
            int status = Native.statusAt(i);
            String name = Errors.text(Native.statusName(status));
            library.put(name, status);
            if (status != 0) {
                EnvresException made = (EnvresException) Errors.make(status, Native.statusText(status),
                        new byte[0], new byte[0], -1, 0, 0);
                that(made.status() == status && made.name().equals(name), name);
                that(!(made instanceof UnknownException), name);
            }
        }
        Map<String, Integer> described = new HashMap<>();
        for (Map<String, Object> error : maps(api().get("errors"))) {
            described.put(text(error, "name"), ((Long) error.get("value")).intValue());
        }
        equal(described, library);
        equal(library.size() + 1, Code.values().length, "and UNKNOWN");
        that(Errors.make(-9999, new byte[0], null, null, -1, 0, 0) instanceof UnknownException, "new");
    }

    /** bindings/README.md has every function of the interface. */
    void testTheNamingTableIsComplete() {
        String page = read("bindings/README.md");
        for (Map<String, Object> function : maps(api().get("functions"))) {
            that(!"envres".equals(function.get("library"))
                    || page.contains("`" + text(function, "name") + "`"), function.get("name"));
        }
    }

    /** What is public closes twice, and has no way to be serialized. */
    void testHandlesAreNotSerializable() {
        List<Class<?>> all = new ArrayList<>(List.of(Store.class, Session.class, Scope.class,
                Resource.class, Template.class, Bound.class, Statement.class, Query.class,
                QueryResult.class, Redactor.class, Scan.class, Params.class, Secret.class, Rows.class));
        for (Class<?> type : all) {
            that(AutoCloseable.class.isAssignableFrom(type), type);
            that(!java.io.Serializable.class.isAssignableFrom(type), type);
        }
    }
}
