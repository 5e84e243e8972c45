// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.HexFormat;
import java.util.List;

/** What needs no store. */
public final class Envres {
    private Envres() { }

    /**
     * The version of the library that is running.
     *
     * @return for example "0.1.0"
     */
    public static String version() {
        return Errors.text(Native.version());
    }

    /**
     * Every kind of resource and its fields.
     *
     * @return a row for each field
     */
    public static Rows<KindRow> kinds() {
        return new Rows<>(Native.kindList(), KindRow::from);
    }

    /**
     * 32 random bytes for a raw key file, never all zero.
     *
     * @return a secret, yours to close
     */
    public static Secret generateKey() {
        return new Secret(Native.keyGenerate(), List.of());
    }

    /**
     * The digest that a part of these bytes has.
     *
     * @param data the bytes
     * @return 64 hex digits
     */
    public static String partDigest(byte[] data) {
        return HexFormat.of().formatHex(Native.partDigest(data));
    }
}
