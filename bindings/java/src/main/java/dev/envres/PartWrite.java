// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * One edit of {@link Parts#put}. Immutable; each method that changes something gives another one.
 */
public final class PartWrite {
    private final String path;
    private final byte[] data;
    private final int flags;
    private final byte[] expect;

    private PartWrite(String path, byte[] data, int flags, byte[] expect) {
        this.path = path;
        this.data = data;
        this.flags = flags;
        this.expect = expect;
    }

    /**
     * The bytes of a part.
     *
     * @param path path of the part
     * @param data the bytes
     * @return a write
     */
    public static PartWrite of(String path, byte[] data) {
        return new PartWrite(path, data.clone(), 0, null);
    }

    /**
     * The text of a part.
     *
     * @param path path of the part
     * @param data the text
     * @return a write
     */
    public static PartWrite of(String path, String data) {
        return new PartWrite(path, Utf8.of(data), 0, null);
    }

    /**
     * Takes a part out.
     *
     * @param path path of the part
     * @return a write
     */
    public static PartWrite remove(String path) {
        return new PartWrite(path, null, Flags.PART_REMOVE, null);
    }

    /**
     * It goes to clients.
     *
     * @return another write
     */
    public PartWrite toClients() {
        return new PartWrite(path, data, flags | Flags.PART_PUBLIC, expect);
    }

    /**
     * Only if there is none of that path; else ConflictException.
     *
     * @return another write
     */
    public PartWrite absent() {
        return new PartWrite(path, data, flags | Flags.PART_ABSENT, expect);
    }

    /**
     * Only if it has this digest now; else ConflictException.
     *
     * @param digest 64 hex digits
     * @return another write
     */
    public PartWrite expect(String digest) {
        return new PartWrite(path, data, flags, Utf8.digest(digest, "digest"));
    }

    Object[] struct() {
        return Structs.partWrite(flags, Utf8.of(path), data, expect);
    }
}
