// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;
import java.util.function.Function;

/**
 * Rows that the library made: an unmodifiable list, a copy that stays as it is whatever happens
 * to the store. {@link #close} wipes its secrets; using it afterwards is a {@link
 * ClosedException}. A list without secrets need not be closed.
 *
 * @param <T> type of the rows
 */
public final class Rows<T> extends AbstractList<T> implements RandomAccess, AutoCloseable {
    /** What tests look at: each list as it comes in. */
    @FunctionalInterface
    interface Watch {
        void row(Object row, Cells cells);
    }

    static volatile Watch watch;

    private final List<T> rows;
    private final List<String> columns;
    private final List<Secret> secrets;
    private volatile boolean closed;

    Rows(byte[] list, Function<Cells, T> make) {
        Cells cells = new Cells(list);
        Watch watching = watch;
        rows = new ArrayList<>(cells.rows());
        for (int i = 0; i < cells.rows(); i++) {
            T row = make.apply(cells.next());
            rows.add(row);
            if (watching != null) {
                watching.row(row, cells);
            }
        }
        cells.end();
        columns = cells.columns();
        secrets = cells.secrets();
    }

    /** The only row of a list. */
    static <T> T one(byte[] list, Function<Cells, T> make) {
        return new Rows<>(list, make).get(0);
    }

    /** The rows of a list that may not be there. */
    static <T> List<T> some(byte[] list, Function<Cells, T> make) {
        return list == null ? List.of() : new Rows<>(list, make);
    }

    /**
     * Names of the columns, as the library gives them: a newer one may have more.
     *
     * @return the names, in order
     */
    public List<String> columns() {
        return columns;
    }

    @Override
    public T get(int index) {
        if (closed) {
            throw new ClosedException("list");
        }
        return rows.get(index);
    }

    @Override
    public int size() {
        if (closed) {
            throw new ClosedException("list");
        }
        return rows.size();
    }

    /** Wipes the secrets in it; may be called again. */
    @Override
    public void close() {
        closed = true;
        secrets.forEach(Secret::close);
    }

    /**
     * Whether it was closed.
     *
     * @return true: using it is a {@link ClosedException}
     */
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || (!closed && super.equals(other));
    }

    @Override
    public int hashCode() {
        return closed ? 0 : super.hashCode();
    }

    @Override
    public String toString() {
        return closed ? "closed list" : super.toString();
    }
}
