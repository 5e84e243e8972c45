// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * One value of a variable. Immutable; each method that changes something gives another one. A
 * {@link Secret} is written as a secret.
 */
public final class VariableWrite {
    private final String name;
    private final Text value;
    private final Type type;
    private final int flags;
    private final long expect;

    private VariableWrite(String name, Text value, Type type, int flags, long expect) {
        this.name = name;
        this.value = value;
        this.type = type;
        this.flags = flags;
        this.expect = expect;
    }

    /**
     * A value of the type that the name has already, else a string.
     *
     * @param name of the variable
     * @param value a Secret is written as one
     * @return a write
     */
    public static VariableWrite of(String name, Text value) {
        int flags = value instanceof Secret ? Flags.WRITE_SECRET : 0;
        return new VariableWrite(name, value, Type.DEFAULT, flags, 0);
    }

    /**
     * The same of a String.
     *
     * @param name of the variable
     * @param value the text
     * @return a write
     */
    public static VariableWrite of(String name, String value) {
        return of(name, Text.of(value));
    }

    /**
     * Says the type.
     *
     * @param type the type
     * @return another write
     */
    public VariableWrite type(Type type) {
        return new VariableWrite(name, value, type, flags, expect);
    }

    /**
     * Says whether it is secret; otherwise as the name already is, else plain.
     *
     * @param yes or not
     * @return another write
     */
    public VariableWrite secret(boolean yes) {
        return new VariableWrite(name, value, type, yes ? Flags.WRITE_SECRET : Flags.WRITE_PLAIN, expect);
    }

    /**
     * Only if this is so; else ConflictException (CHANGED).
     *
     * @param revision of the present value; 0: there is none
     * @return another write
     */
    public VariableWrite expect(long revision) {
        return new VariableWrite(name, value, type, flags, Expected.of(revision));
    }

    Object[] struct(Use use) {
        return Structs.variableWrite(flags, Utf8.of(name), use.bytes(value), type.value(), expect);
    }

    @Override
    public String toString() {
        return "VariableWrite(" + name + ")";
    }
}
