// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.List;

/**
 * Holds texts against all environments: finds secrets, hosts and values of others than the one
 * that the texts are meant for, and tags that are nearly right. A snapshot, which needs neither
 * session nor store any more; says names only. Calls of several threads wait for each other.
 */
public final class Scan extends Handle {
    private final List<FindingRow> findings;

    Scan(long pointer, List<FindingRow> findings) {
        super("scan", pointer, Native::scanClose);
        this.findings = findings;
    }

    /**
     * About the scan itself: "not-checked" for each environment that cannot be looked for.
     *
     * @return the findings
     */
    public List<FindingRow> findings() {
        return findings;
    }

    /**
     * Scans one text; a finding is not an exception. Throws UsageException (LIMIT).
     *
     * @param name what findings call it
     * @param data at most 16 MiB of any bytes
     * @return errors first, then by position
     */
    public synchronized Rows<FindingRow> text(String name, byte[] data) {
        try (Use use = new Use()) {
            return new Rows<>(Native.scanText(use.of(this), Utf8.of(name), data), FindingRow::from);
        }
    }

    /**
     * The same of a String.
     *
     * @param name what findings call it
     * @param data the text
     * @return errors first, then by position
     */
    public Rows<FindingRow> text(String name, String data) {
        return text(name, Utf8.of(data));
    }
}
