// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Parameters of a render, made once for many; immutable, threads may share them. What is made of
 * a {@link Secret} is secret.
 */
public final class Params extends Handle {
    private Params(long pointer) {
        super("params", pointer, Native::paramsFree);
    }

    /**
     * Parameters as Java has them: null, Boolean, Number, String, {@link Text}, Map, List. Throws
     * InvalidNameException, TextException, UsageException (LIMIT).
     *
     * @param values name to value
     * @return the parameters
     */
    public static Params of(Map<String, ?> values) {
        Builder builder = new Builder();
        values.forEach(builder::set);
        return builder.build();
    }

    /**
     * Parameters with types or identifiers of their own.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects parameters. Each method sets something and gives the same object back. */
    public static final class Builder {
        private record Param(int type, Text value) { }

        private final Map<String, Param> values = new LinkedHashMap<>();
        private final Set<String> allowed = new LinkedHashSet<>();

        private Builder() { }

        /**
         * Sets one as Java has it.
         *
         * @param name its name
         * @param value null, Boolean, Number, String, Text, Map, List
         * @return this
         */
        public Builder set(String name, Object value) {
            if (value == null) {
                return set(name, Type.NULL, Text.of(""));
            }
            if (value instanceof Text text) {
                return set(name, Type.STRING, text);
            }
            if (value instanceof String text) {
                return set(name, Type.STRING, Text.of(text));
            }
            if (value instanceof Boolean) {
                return set(name, Type.BOOLEAN, Text.of(value.toString()));
            }
            if (value instanceof Number) {
                return set(name, Type.NUMBER, Text.of(value.toString()));
            }
            return set(name, Type.JSON, Text.of(Json.write(value)));
        }

        /**
         * Sets one of a type.
         *
         * @param name its name
         * @param type its type
         * @param value its text
         * @return this
         */
        public Builder set(String name, Type type, Text value) {
            values.put(name, new Param(type.value(), value));
            return this;
        }

        /**
         * Allows identifiers that the filter {@code ident} may write into SQL.
         *
         * @param names the identifiers
         * @return this
         */
        public Builder allow(String... names) {
            allowed.addAll(List.of(names));
            return this;
        }

        /**
         * Makes the parameters. Throws InvalidNameException, TextException, UsageException
         * (LIMIT).
         *
         * @return the parameters
         */
        public Params build() {
            long pointer = Native.paramsNew();
            if (pointer == 0) {
                throw new NoMemoryException(Code.NOMEM, "out of memory", "", "");
            }
            Params made = new Params(pointer);
            try (Use use = new Use()) {
                for (Map.Entry<String, Param> one : values.entrySet()) {
                    Param param = one.getValue();
                    Native.paramsSet(pointer, Utf8.of(one.getKey()), param.type,
                            use.bytes(param.value),
                            param.value instanceof Secret ? Flags.PARAM_SECRET : 0);
                }
                for (String name : allowed) {
                    Native.paramsAllow(pointer, Utf8.of(name));
                }
                return made;
            } catch (Throwable error) {
                made.close();
                throw error;
            }
        }
    }
}
