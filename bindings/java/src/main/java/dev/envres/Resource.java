// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A resource resolved in a scope, which it keeps alive: fields that have a value, defaults
 * included.
 */
public final class Resource extends Handle {
    Resource(long pointer) {
        super("resource", pointer, Native::resourceHandleFree);
    }

    private Resource(Owner owner) {
        super(owner);
    }

    /** One that the library lends to a probe. */
    static Resource lent(long pointer) {
        return new Resource(new Owner("resource", pointer, ended -> { }));
    }

    /**
     * What it is: "postgres", "rest", ...
     *
     * @return the kind
     */
    public String kind() {
        try (Use use = new Use()) {
            return Errors.text(Native.resourceHandleKind(use.of(this)));
        }
    }

    /**
     * Whose settings these are: the scope's environment, or the declared fallback.
     *
     * @return its key
     */
    public String environment() {
        try (Use use = new Use()) {
            return Errors.text(Native.resourceHandleEnvironment(use.of(this)));
        }
    }

    /**
     * Whether the settings come from a declared fallback.
     *
     * @return true: they do
     */
    public boolean isFallback() {
        try (Use use = new Use()) {
            return Native.resourceHandleIsFallback(use.of(this)) != 0;
        }
    }

    /**
     * Another one when the resource, or what it refers to, was changed, and only then: key a pool
     * of connections by it.
     *
     * @return the key
     */
    public String cacheKey() {
        try (Use use = new Use()) {
            return Errors.text(Native.resourceHandleCacheKey(use.of(this)));
        }
    }

    private List<String> named(boolean onlySecret) {
        try (Use use = new Use()) {
            long at = use.of(this);
            int count = Native.resourceHandleFieldCount(at);
            List<String> made = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                if (!onlySecret || Native.resourceHandleFieldIsSecret(at, i) != 0) {
                    made.add(Errors.text(Native.resourceHandleFieldName(at, i)));
                }
            }
            return made;
        }
    }

    /**
     * Names of the fields that have a value.
     *
     * @return the names, in order
     */
    public List<String> names() {
        return named(false);
    }

    /**
     * Names of the fields that are secret.
     *
     * @return the names, in order
     */
    public List<String> secretFields() {
        return named(true);
    }

    /**
     * A field's text. Throws InvalidNameException (FIELD: no such field), NotFoundException
     * (NOT_SET).
     *
     * @param name its name
     * @return a {@link Secret} where it is one
     */
    public Text get(String name) {
        return typed(name).text();
    }

    private Values.Typed typed(String name) {
        try (Use use = new Use()) {
            return Values.typed(Native.resourceHandleField(use.of(this), Utf8.of(name)));
        }
    }

    /**
     * A field's text where it has a value. Throws InvalidNameException (FIELD: no such field).
     *
     * @param name its name
     * @return empty: it has none
     */
    public Optional<Text> tryGet(String name) {
        try {
            return Optional.of(get(name));
        } catch (NotFoundException error) {
            return Optional.empty();
        }
    }

    /**
     * A field in the type that its kind says: String, Long, Boolean or JSON. Throws as {@link
     * #get}.
     *
     * @param name its name
     * @return a {@link Secret} where it is one
     */
    public Object value(String name) {
        Values.Typed found = typed(name);
        return Values.natively(found.type(), found.text());
    }

    /**
     * All fields that have a value.
     *
     * @return name to text
     */
    public Map<String, Text> fields() {
        Map<String, Text> made = new LinkedHashMap<>();
        names().forEach(name -> made.put(name, get(name)));
        return made;
    }

    /**
     * The ready URL, escaped for its grammar. Throws InvalidNameException (FIELD: the kind has
     * none).
     *
     * @return a {@link Secret} where it holds one
     */
    public Text url() {
        try (Use use = new Use()) {
            return Values.text(Native.resourceHandleUrl(use.of(this)));
        }
    }

    /**
     * The same with every secret as {@code ***}: for logs. Throws as {@link #url}.
     *
     * @return a plain text
     */
    public String redactedUrl() {
        try (Use use = new Use()) {
            return Values.text(Native.resourceHandleRedactedUrl(use.of(this))).plain();
        }
    }

    /**
     * The driver's own string: libpq keywords, a path, a list of brokers. Throws as {@link #url}.
     *
     * @return a {@link Secret} where it holds one
     */
    public Text dsn() {
        try (Use use = new Use()) {
            return Values.text(Native.resourceHandleDsn(use.of(this)));
        }
    }

    @Override
    public String toString() {
        return isClosed() ? "closed Resource" : "Resource of kind " + kind();
    }
}
