// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A list as the shim gives it, and one row of it at a time. */
final class Cells {
    private static final int NULL = 0;
    private static final int INTEGER = 1;
    private static final int TEXT = 2;

    private final ByteBuffer in;
    private final Object[] row;
    private final int rows;
    private final List<String> columns;
    private final List<Secret> secrets = new ArrayList<>();

    Cells(byte[] list) {
        in = ByteBuffer.wrap(list);
        row = new Object[in.getInt()];
        rows = in.getInt();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < row.length; i++) {
            names.add(new String(bytes(), StandardCharsets.UTF_8));
        }
        columns = List.copyOf(names);
    }

    private byte[] bytes() {
        byte[] made = new byte[in.getInt()];
        in.get(made);
        return made;
    }

    int rows() {
        return rows;
    }

    List<String> columns() {
        return columns;
    }

    List<Secret> secrets() {
        return secrets;
    }

    /** Goes on to the next row. */
    Cells next() {
        for (int i = 0; i < row.length; i++) {
            switch (in.get()) {
            case NULL -> row[i] = null;
            case INTEGER -> row[i] = in.getLong();
            case TEXT -> row[i] = new String(bytes(), StandardCharsets.UTF_8);
            default -> {
                Secret secret = new Secret(bytes(), List.of());
                secrets.add(secret);
                row[i] = secret;
            }
            }
        }
        return this;
    }

    /** After the last row: what was secret is only in its secrets any more. */
    void end() {
        if (!secrets.isEmpty()) {
            Arrays.fill(in.array(), (byte) 0);
        }
    }

    Object cell(int column) {
        return row[column];
    }

    String string(int column) {
        return row[column] == null ? null : row[column].toString();
    }

    Text text(int column) {
        return row[column] instanceof String plain ? new PlainText(plain) : (Text) row[column];
    }

    Long integer(int column) {
        return (Long) row[column];
    }

    Boolean bool(int column) {
        return row[column] == null ? null : (Long) row[column] != 0;
    }

    Instant time(int column) {
        return row[column] == null ? null : Instant.ofEpochMilli((Long) row[column]);
    }
}
