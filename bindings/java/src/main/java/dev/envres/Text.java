// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * A text: plain, or a {@link Secret} where any byte of it came from one. {@code toString()} gives
 * a plain text as it is, and {@code ***} for a secret; {@link #reveal} gives either.
 */
public sealed interface Text permits PlainText, Secret {
    /**
     * Whether it holds a secret.
     *
     * @return true for a {@link Secret}
     */
    boolean isSecret();

    /**
     * The text, secret or not. What this gives is an ordinary String, which nobody can wipe.
     *
     * @return the text
     */
    String reveal();

    /**
     * The text where it is plain; where it is secret, a {@link SecretException}.
     *
     * @return the text
     */
    String plain();

    /**
     * A plain text.
     *
     * @param text the text
     * @return the same, to be given to a call
     */
    static Text of(String text) {
        return new PlainText(text);
    }

    /**
     * A plain text as bytes; whether they are UTF-8, the library says.
     *
     * @param bytes are copied
     * @return the same, to be given to a call
     */
    static Text of(byte[] bytes) {
        return new PlainText(bytes.clone());
    }
}
