// SPDX-License-Identifier: MIT
package dev.envres;

/** What is versioned and released. */
public final class Apps {
    private final Session session;

    Apps(Session session) {
        this.session = session;
    }

    /**
     * Makes one, and with it its first draft, "v1". Throws InvalidNameException,
     * ConflictException.
     *
     * @param name its name
     * @param options see there
     * @param changes what goes with the change: reason, operation, force
     */
    public void create(String name, AppOptions options, Change... changes) {
        try (Use use = new Use()) {
            Native.appCreate(use.of(session), Utf8.of(name), options.struct(), Change.struct(changes));
        }
    }

    /**
     * Makes one with what is usual. Throws as the other.
     *
     * @param name its name
     * @param changes what goes with the change: reason, operation, force
     */
    public void create(String name, Change... changes) {
        create(name, new AppOptions(), changes);
    }

    /**
     * Changes what is said. Throws NotFoundException.
     *
     * @param name its name
     * @param options see there
     * @param changes what goes with the change: reason, operation, force
     */
    public void set(String name, AppOptions options, Change... changes) {
        try (Use use = new Use()) {
            Native.appSet(use.of(session), Utf8.of(name), options.struct(), Change.struct(changes));
        }
    }

    /**
     * All.
     *
     * @return by name
     */
    public Rows<AppRow> list() {
        try (Use use = new Use()) {
            return new Rows<>(Native.appList(use.of(session)), AppRow::from);
        }
    }

    /**
     * One. Throws NotFoundException.
     *
     * @param name its name
     * @return its row
     */
    public AppRow describe(String name) {
        try (Use use = new Use()) {
            return Rows.one(Native.appDescribe(use.of(session), Utf8.of(name)), AppRow::from);
        }
    }

    /**
     * Everything about one: what is live, what stands where, what differs, what a check says.
     *
     * @param name its name
     * @return rows of several sorts
     */
    public Rows<StatusRow> status(String name) {
        try (Use use = new Use()) {
            return new Rows<>(Native.appStatus(use.of(session), Utf8.of(name)), StatusRow::from);
        }
    }
}
