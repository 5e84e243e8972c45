// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.Serial;
import java.util.Objects;

/**
 * A call of the library failed. Never holds a configuration value or a secret.
 *
 * <p>One class for each family of codes; {@link #code} says exactly what it is.
 */
public abstract sealed class EnvresException extends RuntimeException
        permits UsageException, NoMemoryException, CallbackException, TextException, SecretException,
        InvalidNameException, ConflictException, NotFoundException, DeniedException, StoreException,
        KeyMaterialException, IntegrityException, StateException, CheckException,
        UnknownException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** The code. */
    private final Code code;
    /** Its number. */
    private final int status;
    /** Its name. */
    private final String name;
    /** What to do. */
    private final String hint;
    /** What it is about. */
    private final String subject;
    /** Where: byte offset, or -1. */
    private final long offset;
    /** Where: line, or 0. */
    private final int line;
    /** Where: column, or 0. */
    private final int column;

    /** What an exception is made of. */
    record Details(Code code, int status, String name, String message, String hint, String subject,
            long offset, int line, int column, Throwable cause) {
        Details(Code code, String message, String hint, String subject) {
            this(code, code.value(), "ENVRES_E_" + code.name(), message, hint, subject, -1, 0, 0, null);
        }
    }

    EnvresException(Details details) {
        super(Objects.requireNonNull(details.message), details.cause);
        code = details.code;
        status = details.status;
        name = details.name;
        hint = Objects.requireNonNull(details.hint);
        subject = Objects.requireNonNull(details.subject);
        offset = details.offset;
        line = details.line;
        column = details.column;
    }

    /**
     * The status code.
     *
     * @return the code; {@link Code#UNKNOWN} for one of a newer library
     */
    public final Code code() {
        return code;
    }

    /**
     * The status code as a number.
     *
     * @return a negative number
     */
    public final int status() {
        return status;
    }

    /**
     * The code's name in C.
     *
     * @return for example {@code ENVRES_E_NOT_SET}
     */
    public final String name() {
        return name;
    }

    /**
     * What to do about it.
     *
     * @return one line, or ""
     */
    public final String hint() {
        return hint;
    }

    /**
     * What is concerned: a variable, a handle, a path.
     *
     * @return a name, or ""
     */
    public final String subject() {
        return subject;
    }

    /**
     * Where, in the text that was given.
     *
     * @return the byte offset, or -1
     */
    public final long offset() {
        return offset;
    }

    /**
     * Where, in the text that was given.
     *
     * @return the line, from 1, or 0
     */
    public final int line() {
        return line;
    }

    /**
     * Where, in the text that was given.
     *
     * @return the column in bytes, from 1, or 0
     */
    public final int column() {
        return column;
    }

    @Override
    public String toString() {
        String place = line > 0 ? " (line " + line + ", column " + column + ")" : "";
        return getClass().getName() + ": " + getMessage() + place + " [" + name + "]"
                + (hint.isEmpty() ? "" : "; " + hint);
    }
}
