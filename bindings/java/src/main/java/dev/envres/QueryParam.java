// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * A parameter that a query declares.
 *
 * @param name its name
 * @param type STRING, INTEGER, NUMBER, BOOLEAN, JSON or TIMESTAMP
 * @param preset its value when none is given, as text; null: none
 * @param optional it need not be given; without a preset, every tag that takes it has a default
 */
public record QueryParam(String name, Type type, String preset, boolean optional) {
    /**
     * One that must be given.
     *
     * @param name its name
     * @param type its type
     * @return the declaration
     */
    public static QueryParam of(String name, Type type) {
        return new QueryParam(name, type, null, false);
    }

    Object[] struct() {
        return Structs.queryParam(optional ? Flags.QUERY_PARAM_OPTIONAL : 0, Utf8.of(name),
                Utf8.of(preset), type.value());
    }
}
