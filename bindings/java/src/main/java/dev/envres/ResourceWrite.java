// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Fields of a resource to be set in one environment; those not named stay as they are. Each
 * method sets something and gives the same object back.
 */
public final class ResourceWrite {
    private record Field(int flags, Text value) { }

    private final Map<String, Field> fields = new LinkedHashMap<>();
    private long expect;

    /** Nothing is set. */
    public ResourceWrite() { }

    /**
     * Sets a field.
     *
     * @param field its name
     * @param value a Secret is sealed as one
     * @return this
     */
    public ResourceWrite set(String field, Text value) {
        fields.put(field, new Field(value instanceof Secret ? Flags.FIELD_SECRET : 0, value));
        return this;
    }

    /**
     * Sets a field.
     *
     * @param field its name
     * @param value the text
     * @return this
     */
    public ResourceWrite set(String field, String value) {
        return set(field, Text.of(value));
    }

    /**
     * Sets a field to an integer.
     *
     * @param field its name
     * @param value the number
     * @return this
     */
    public ResourceWrite set(String field, long value) {
        return set(field, Long.toString(value));
    }

    /**
     * Sets a field to true or false.
     *
     * @param field its name
     * @param value which
     * @return this
     */
    public ResourceWrite set(String field, boolean value) {
        return set(field, Boolean.toString(value));
    }

    /**
     * Sets a field and seals it although its kind does not say so.
     *
     * @param field its name
     * @param value the text
     * @return this
     */
    public ResourceWrite setSecret(String field, Text value) {
        fields.put(field, new Field(Flags.FIELD_SECRET, value));
        return this;
    }

    /**
     * Takes a field away.
     *
     * @param field its name
     * @return this
     */
    public ResourceWrite unset(String field) {
        fields.put(field, new Field(Flags.FIELD_UNSET, Text.of("")));
        return this;
    }

    /**
     * Only if this is so; else ConflictException (CHANGED).
     *
     * @param revision of the newest setting of the resource there; 0: there is none
     * @return this
     */
    public ResourceWrite expect(long revision) {
        expect = Expected.of(revision);
        return this;
    }

    Object[] struct(String handle, Use use) {
        Object[][] made = new Object[fields.size()][];
        int at = 0;
        for (Map.Entry<String, Field> one : fields.entrySet()) {
            made[at++] = Structs.resourceField(one.getValue().flags, Utf8.of(one.getKey()),
                    use.bytes(one.getValue().value));
        }
        return Structs.resourceWrite(0, Utf8.of(handle), made, expect);
    }

    @Override
    public String toString() {
        return "ResourceWrite" + fields.keySet();
    }
}
