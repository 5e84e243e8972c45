// SPDX-License-Identifier: MIT
package dev.envres;

/** Native methods written by hand, in hot.c. */
final class Shim {
    private Shim() { }

    static {
        Loader.load();
    }

    /** One native call for what is done all day; null: ask the ordinary way. */
    static native byte[] render(long tmpl, long scope);

    static native byte[] bound(long bound);

    static native byte[] get(long scope, byte[] name);

    /** The texts, one behind the other; {@code ends[0]}: how many, then where each ends. */
    static native byte[] renderMany(long[] templates, int first, long scope, int[] ends);

    static native int renderInto(long tmpl, long scope, Object[] options, byte[] into);

    static native int boundInto(long bound, byte[] into);

    static native int getInto(long scope, int index, byte[] into);

    static native void testResource(long scope, byte[] handle, long user);

    /** Null: the text has ended. */
    static native byte[] redact(long redactor, byte[] data);
}
