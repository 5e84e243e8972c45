// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Text on its way to the library: real UTF-8. */
final class Utf8 {
    private Utf8() { }

    /** Null stays null. Half a surrogate pair is refused here: UTF-8 cannot say it. */
    static byte[] of(String text) {
        if (text == null) {
            return null;
        }
        for (int i = 0; i < text.length(); i++) {
            char one = text.charAt(i);
            if (Character.isSurrogate(one)) {
                boolean pair = Character.isHighSurrogate(one) && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    throw new TextException(Code.UTF8, "half a surrogate pair at character " + i,
                            "a String that UTF-8 cannot say", "");
                }
                i++;
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A text that ends with its first NUL in C: none may be inside. */
    static byte[] withoutNul(String text, String what) {
        if (text != null && text.indexOf('\0') >= 0) {
            throw Errors.usage(what + ": a NUL inside");
        }
        return of(text);
    }

    /** Bytes of a fixed size; null stays null. */
    static byte[] exactly(byte[] bytes, int size, String what) {
        if (bytes != null && bytes.length != size) {
            throw Errors.usage(what + ": " + size + " bytes are needed, not " + bytes.length);
        }
        return bytes;
    }

    /** The same from hex digits. */
    static byte[] digest(String hex, String what) {
        if (hex == null) {
            return null;
        }
        try {
            return exactly(HexFormat.of().parseHex(hex), 32, what);
        } catch (IllegalArgumentException error) {
            throw Errors.usage(what + ": not hex digits");
        }
    }
}
