// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Looks for secrets in text, such as a log as it streams by, and masks them: as they are, in hex,
 * base64, percent-encoded and as in JSON. Secrets of fewer than 8 bytes are refused: {@link
 * #refused} names them. The last line of defence, behind {@link Secret}, which knows exactly what
 * is secret.
 *
 * <p>Filled first, then used. Calls of several threads wait for each other; {@link #copy} makes
 * more of it.
 */
public final class Redactor extends Handle {
    private Redactor(long pointer) {
        super("redactor", pointer, Native::redactorFree);
    }

    /**
     * One that writes "[redacted]".
     *
     * @return the redactor
     */
    public static Redactor of() {
        return of(null);
    }

    /**
     * One that writes something else. Throws TextException, UsageException.
     *
     * @param replacement at most 64 bytes; null: "[redacted]"
     * @return the redactor
     */
    public static Redactor of(String replacement) {
        return new Redactor(Native.redactorNew(Structs.redactorOptions(0, Utf8.of(replacement))));
    }

    /**
     * Adds every secret of a scope, which is not needed afterwards. Throws UsageException: a text
     * has begun, copies were made, or the limit is reached.
     *
     * @param scope whose secrets
     */
    public synchronized void addScope(Scope scope) {
        try (Use use = new Use()) {
            Native.redactorAddScope(use.of(this), use.of(scope));
        }
    }

    /**
     * Adds a secret from elsewhere.
     *
     * @param name what {@link #refused} calls it
     * @param secret at most 1 MiB
     */
    public synchronized void add(String name, Secret secret) {
        try (Use use = new Use()) {
            Native.redactorAdd(use.of(this), Utf8.of(name), use.bytes(secret));
        }
    }

    /**
     * What is not masked, or not in every form, and why.
     *
     * @return a row for each
     */
    public synchronized Rows<RefusedRow> refused() {
        try (Use use = new Use()) {
            return new Rows<>(Native.redactorRefused(use.of(this)), RefusedRow::from);
        }
    }

    /**
     * Another one of the same secrets, for another text or thread. To neither of the two secrets
     * can be added any more.
     *
     * @return another redactor
     */
    public synchronized Redactor copy() {
        try (Use use = new Use()) {
            return new Redactor(Native.redactorCopy(use.of(this)));
        }
    }

    /**
     * Masks one text that is all there.
     *
     * @param data any bytes
     * @return the bytes without secrets
     */
    public synchronized byte[] text(byte[] data) {
        try (Use use = new Use()) {
            return Values.bytes(Native.redactorText(use.of(this), data));
        }
    }

    /**
     * The same of a String.
     *
     * @param data the text
     * @return the text without secrets
     */
    public String text(String data) {
        return new String(text(Utf8.of(data)), StandardCharsets.UTF_8);
    }

    /**
     * Takes the next bytes of a text in.
     *
     * @param data the bytes
     * @return those that can be given on; at most 255 are held back
     */
    public synchronized byte[] feed(byte[] data) {
        try (Use use = new Use()) {
            return Shim.redact(use.of(this), Objects.requireNonNull(data));
        }
    }

    /**
     * The text has ended. Another one can begin.
     *
     * @return what was held back
     */
    public synchronized byte[] finish() {
        try (Use use = new Use()) {
            return Shim.redact(use.of(this), null);
        }
    }

    /**
     * How many replacements it has written: anything but 0 says that a secret got away.
     *
     * @return the number
     */
    public synchronized long masked() {
        try (Use use = new Use()) {
            return Native.redactorMasked(use.of(this));
        }
    }
}
