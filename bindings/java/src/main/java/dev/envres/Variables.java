// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Names with one value per environment. */
public final class Variables {
    private final Session session;

    Variables(Session session) {
        this.session = session;
    }

    /**
     * Sets one. Durable when it returns. Throws InvalidNameException, TextException,
     * DeniedException, ConflictException, NotFoundException, StoreException.
     *
     * @param environment key of the environment
     * @param write name, value, and what else is said
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long put(String environment, VariableWrite write, Change... changes) {
        try (Use use = new Use()) {
            return Native.variablePut(use.of(session), Utf8.of(environment), write.struct(use),
                    Change.struct(changes));
        }
    }

    /**
     * Sets one to a text as it is written. Throws as the first.
     *
     * @param environment key of the environment
     * @param name its name
     * @param value the value
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long put(String environment, String name, String value, Change... changes) {
        return put(environment, VariableWrite.of(name, value), changes);
    }

    /**
     * Sets one; a {@link Secret} is written as a secret. Throws as the first.
     *
     * @param environment key of the environment
     * @param name its name
     * @param value the value
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long put(String environment, String name, Text value, Change... changes) {
        return put(environment, VariableWrite.of(name, value), changes);
    }

    /**
     * Sets many, all or none.
     *
     * @param environment key of the environment
     * @param writes at most 100,000
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long putMany(String environment, Iterable<VariableWrite> writes, Change... changes) {
        try (Use use = new Use()) {
            List<Object[]> made = new ArrayList<>();
            for (VariableWrite write : writes) {
                made.add(write.struct(use));
            }
            return Native.variablePutMany(use.of(session), Utf8.of(environment),
                    made.toArray(Object[][]::new), Change.struct(changes));
        }
    }

    /**
     * Sets many, all or none.
     *
     * @param environment key of the environment
     * @param values name to text
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long putMany(String environment, Map<String, ? extends Text> values, Change... changes) {
        List<VariableWrite> writes = new ArrayList<>();
        values.forEach((name, value) -> writes.add(VariableWrite.of(name, value)));
        return putMany(environment, writes, changes);
    }

    /**
     * Takes the value away in one environment; history keeps it. Throws NotFoundException.
     *
     * @param environment key of the environment
     * @param name its name
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long unset(String environment, String name, Change... changes) {
        try (Use use = new Use()) {
            return Native.variableUnset(use.of(session), Utf8.of(environment), Utf8.of(name),
                    Change.struct(changes));
        }
    }

    /**
     * The present value as it was written, a template unexpanded. Throws NotFoundException,
     * DeniedException.
     *
     * @param environment key of the environment
     * @param name its name
     * @param reveal otherwise a secret is a SecretException
     * @return the value
     */
    public Text get(String environment, String name, boolean reveal) {
        try (Use use = new Use()) {
            return Values.text(Native.variableGet(use.of(session), Utf8.of(environment), Utf8.of(name),
                    reveal ? Flags.READ_REVEAL : 0));
        }
    }

    /**
     * The present value of one that is not secret. Throws SecretException, NotFoundException,
     * DeniedException.
     *
     * @param environment key of the environment
     * @param name its name
     * @return the value
     */
    public Text get(String environment, String name) {
        return get(environment, name, false);
    }

    /**
     * All, by name, then by environment in path order.
     *
     * @param environment only this one; null: all
     * @param reveal secrets too, each as a {@link Secret}
     * @return a row for each name and environment
     */
    public Rows<VariableRow> list(String environment, boolean reveal) {
        try (Use use = new Use()) {
            return new Rows<>(Native.variableList(use.of(session), Utf8.of(environment),
                    reveal ? Flags.READ_REVEAL : 0), VariableRow::from);
        }
    }

    /**
     * All of every environment, without the values of secrets.
     *
     * @return a row for each name and environment
     */
    public Rows<VariableRow> list() {
        return list(null, false);
    }

    /**
     * What it was in one environment.
     *
     * @param environment key of the environment
     * @param name its name
     * @param reveal secrets too, each as a {@link Secret}
     * @return newest first
     */
    public Rows<HistoryRow> history(String environment, String name, boolean reveal) {
        try (Use use = new Use()) {
            return new Rows<>(Native.variableHistory(use.of(session), Utf8.of(environment),
                    Utf8.of(name), reveal ? Flags.READ_REVEAL : 0), HistoryRow::from);
        }
    }

    /**
     * Renames it in all environments. Throws ConflictException (NAME_TAKEN, REFERRED).
     *
     * @param name its name
     * @param to the new name
     * @param changes what goes with the change: reason, operation, force
     */
    public void rename(String name, String to, Change... changes) {
        try (Use use = new Use()) {
            Native.variableRename(use.of(session), Utf8.of(name), Utf8.of(to), Change.struct(changes));
        }
    }

    /**
     * Deletes it in all environments. Throws ConflictException (REFERRED).
     *
     * @param name its name
     * @param changes what goes with the change: reason, operation, force
     */
    public void delete(String name, Change... changes) {
        try (Use use = new Use()) {
            Native.variableDelete(use.of(session), Utf8.of(name), Change.struct(changes));
        }
    }

    /**
     * Destroys the value of one older revision for good. Throws NotFoundException,
     * ConflictException (REFERRED: it is the current one, or a live release is pinned to it),
     * DeniedException, IntegrityException.
     *
     * @param environment key of the environment
     * @param name of a variable, or "resource/HANDLE/FIELD"
     * @param revision which revision
     * @param changes what goes with the change: reason, operation, force
     */
    public void destroy(String environment, String name, long revision, Change... changes) {
        try (Use use = new Use()) {
            Native.variableDestroy(use.of(session), Utf8.of(environment), Utf8.of(name), revision,
                    Change.struct(changes));
        }
    }
}
