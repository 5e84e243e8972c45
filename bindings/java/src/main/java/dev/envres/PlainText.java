// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A text without a secret: a String, or bytes that a host gave. */
final class PlainText implements Text {
    private final String text;
    private final byte[] bytes;

    PlainText(String text) {
        this.text = Objects.requireNonNull(text);
        bytes = null;
    }

    PlainText(byte[] bytes) {
        text = null;
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes != null ? bytes : Utf8.of(text);
    }

    @Override
    public boolean isSecret() {
        return false;
    }

    @Override
    public String reveal() {
        return text != null ? text : new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public String plain() {
        return reveal();
    }

    @Override
    public String toString() {
        return reveal();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PlainText one && one.reveal().equals(reveal());
    }

    @Override
    public int hashCode() {
        return reveal().hashCode();
    }
}
