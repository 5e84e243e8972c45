// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** The files of an app's definition. A version of null is the app's only draft. */
public final class Parts {
    private final Session session;

    Parts(Session session) {
        this.session = session;
    }

    /**
     * Edits a draft: all of the writes or none. Throws StateException (FROZEN),
     * ConflictException, InvalidNameException (PATH), NotFoundException; the exception's subject
     * is the path.
     *
     * @param app name of the app
     * @param version name of the version
     * @param writes the edits
     * @param changes what goes with the change: reason, operation, force
     * @return the new content digest in hex
     */
    public String put(String app, String version, List<PartWrite> writes, Change... changes) {
        try (Use use = new Use()) {
            Object[][] made = writes.stream().map(PartWrite::struct).toArray(Object[][]::new);
            return HexFormat.of().formatHex(Native.partPut(use.of(session),
                    Versions.named(app, version), made, Change.struct(changes)));
        }
    }

    /**
     * Puts one part. Throws as the other.
     *
     * @param app name of the app
     * @param version name of the version
     * @param path path of the part
     * @param data the text
     * @param changes what goes with the change: reason, operation, force
     * @return the new content digest in hex
     */
    public String put(String app, String version, String path, String data, Change... changes) {
        return put(app, version, Arrays.asList(PartWrite.of(path, data)), changes);
    }

    /**
     * A part's bytes. Throws NotFoundException, with the nearest path; IntegrityException.
     *
     * @param app name of the app
     * @param version name of the version
     * @param path path of the part
     * @return the bytes
     */
    public byte[] get(String app, String version, String path) {
        try (Use use = new Use()) {
            return Values.bytes(Native.partGet(use.of(session), Versions.named(app, version),
                    Utf8.of(path)));
        }
    }

    /**
     * The parts of a version.
     *
     * @param app name of the app
     * @param version name of the version
     * @return by path
     */
    public Rows<PartRow> list(String app, String version) {
        try (Use use = new Use()) {
            return new Rows<>(Native.partList(use.of(session), Versions.named(app, version)),
                    PartRow::from);
        }
    }

    /**
     * The edits of a version.
     *
     * @param app name of the app
     * @param version name of the version
     * @param path of a part; null: of all
     * @return newest first
     */
    public Rows<EditRow> history(String app, String version, String path) {
        try (Use use = new Use()) {
            return new Rows<>(Native.partHistory(use.of(session), Versions.named(app, version),
                    Utf8.of(path)), EditRow::from);
        }
    }

    /**
     * Brings a part back to what it was after an edit of it.
     *
     * @param app name of the app
     * @param version name of the version
     * @param path path of the part
     * @param edit its number; 0: as the version was made
     * @param changes what goes with the change: reason, operation, force
     */
    public void restore(String app, String version, String path, long edit, Change... changes) {
        try (Use use = new Use()) {
            Native.partRestore(use.of(session), Versions.named(app, version), Utf8.of(path), edit,
                    Change.struct(changes));
        }
    }
}
