// SPDX-License-Identifier: MIT
package dev.envres;

/** The keys of environments. */
public final class Keys {
    private final Session session;

    Keys(Session session) {
        this.session = session;
    }

    /**
     * Begins a rotation, or goes on with one. Then call {@link #rotateStep} until it gives 0.
     * Throws DeniedException, NotFoundException.
     *
     * @param environment key of the environment
     * @param changes what goes with the change: reason, operation, force
     * @return the secrets to change at their source
     */
    public Rows<ExposureRow> rotate(String environment, Change... changes) {
        try (Use use = new Use()) {
            return new Rows<>(Native.keyRotate(use.of(session), Utf8.of(environment),
                    Change.struct(changes)), ExposureRow::from);
        }
    }

    /**
     * Seals at most 256 records anew. Throws IntegrityException.
     *
     * @param environment key of the environment
     * @return how many are left
     */
    public long rotateStep(String environment) {
        try (Use use = new Use()) {
            return Native.keyRotateStep(use.of(session), Utf8.of(environment));
        }
    }

    /**
     * The report without a rotation.
     *
     * @param environment its key; null: all
     * @return the secrets to change at their source
     */
    public Rows<ExposureRow> exposure(String environment) {
        try (Use use = new Use()) {
            return new Rows<>(Native.keyExposure(use.of(session), Utf8.of(environment)),
                    ExposureRow::from);
        }
    }
}
