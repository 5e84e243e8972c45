// SPDX-License-Identifier: MIT
package dev.envres;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Runs tests: each method {@code test...} of the classes that are named, on an object of its own.
 *
 * <p>{@code java dev.envres.Tests [-NAME...] CLASS...}: without the tests whose names hold NAME. The last
 * line says {@code N passed, N failed}; the exit status agrees.
 */
public final class Tests {
    private int passed;
    private int failed;

    private Tests() { }

    /** Runs what the arguments name. */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Tests tests = new Tests();
        List<String> without = new ArrayList<>();
        Rows.watch = Drift::rowIsAsDescribed;
        for (String argument : arguments) {
            if (argument.startsWith("-")) {
                without.add(argument.substring(1));
            } else {
                tests.run(Class.forName("dev.envres." + argument), without);
            }
        }
        System.out.println(tests.passed + " passed, " + tests.failed + " failed");
        System.exit(tests.failed == 0 && tests.passed > 0 ? 0 : 1);
    }

    private void run(Class<?> type, List<String> without) throws ReflectiveOperationException {
        Method[] methods = type.getDeclaredMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName));
        for (Method method : methods) {
            String name = method.getName();
            if (!name.startsWith("test") || without.stream().anyMatch(name::contains)) {
                continue;
            }
            Object one = type.getDeclaredConstructor().newInstance();
            long start = System.nanoTime();
            try {
                method.invoke(one);
                passed++;
                System.out.printf("ok      %s.%s (%d ms)%n", type.getSimpleName(), name,
                        (System.nanoTime() - start) / 1_000_000);
            } catch (InvocationTargetException error) {
                failed++;
                System.out.printf("FAILED  %s.%s%n", type.getSimpleName(), name);
                error.getCause().printStackTrace(System.out);
            } finally {
                if (one instanceof Fixture fixture) {
                    fixture.close();
                }
            }
        }
    }
}
