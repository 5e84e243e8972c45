// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * SQL made of a template, and its parameters in order: a driver's own. Immutable; needs nothing
 * any more of what it was made of. The text can be logged.
 */
public final class Statement extends Handle {
    Statement(long pointer) {
        super("statement", pointer, Native::statementFree);
    }

    /** One that is part of something else, which is kept from being freed meanwhile. */
    private static final class Part extends Owner {
        private final Owner whole;

        Part(long pointer, Owner whole) {
            super("statement", pointer, null);
            this.whole = whole;
        }

        @Override
        void release() {
            whole.leave();
        }
    }

    /** The whole was entered for it. */
    Statement(long pointer, Owner whole) {
        super(new Part(pointer, whole));
    }

    /**
     * The SQL. Holds no value.
     *
     * @return the text
     */
    public String text() {
        try (Use use = new Use()) {
            return Errors.text(Native.statementText(use.of(this)));
        }
    }

    /**
     * Number of the first parameter.
     *
     * @return 1, or one more than the highest $n that the text had
     */
    public int first() {
        try (Use use = new Use()) {
            return Native.statementFirst(use.of(this));
        }
    }

    /**
     * How many parameters it has.
     *
     * @return the number
     */
    public int size() {
        try (Use use = new Use()) {
            return Native.statementCount(use.of(this));
        }
    }

    private <T> List<T> each(IntFunction<T> make) {
        try (Use use = new Use()) {
            int count = Native.statementCount(use.of(this));
            List<T> made = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                made.add(make.apply(i));
            }
            return made;
        }
    }

    /**
     * Of each parameter the reference that gave it: "params.id"; elements of a list share one.
     *
     * @return one for each
     */
    public List<String> names() {
        return each(i -> Errors.text(Native.statementName(owner.pointer, i)));
    }

    /**
     * Of each parameter its type: STRING, INTEGER, NUMBER, BOOLEAN, JSON or NULL.
     *
     * @return one for each
     */
    public List<Type> types() {
        return each(i -> Type.of(Native.statementType(owner.pointer, i)));
    }

    /**
     * The values: null, Long, Double, Boolean, String; those that are secret as {@link Secret}.
     *
     * @return one for each
     */
    public List<Object> parameters() {
        return each(this::value);
    }

    /**
     * The values, secrets in clear, as a driver wants them: {@code setObject(n, value)}.
     *
     * @return one for each
     */
    public List<Object> reveal() {
        return each(i -> {
            Object value = value(i);
            if (value instanceof Secret secret) {
                try (secret) {
                    return secret.reveal();
                }
            }
            return value;
        });
    }

    private Object value(int index) {
        long at = owner.pointer;
        Type type = Type.of(Native.statementType(at, index));
        if (type == Type.NULL) {
            return null;
        }
        if (Native.statementIsSecret(at, index) != 0) {
            return new Secret(Native.statementValue(at, index), List.of());
        }
        if (type == Type.NUMBER) {
            return Native.statementDouble(at, index);
        }
        if (type == Type.INTEGER) {
            return Native.statementInteger(at, index);
        }
        if (type == Type.BOOLEAN) {
            return Native.statementInteger(at, index) != 0;
        }
        return new String(Native.statementValue(at, index), StandardCharsets.UTF_8);
    }
}
