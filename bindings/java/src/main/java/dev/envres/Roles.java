// SPDX-License-Identifier: MIT
package dev.envres;

/** What principals may do. */
public final class Roles {
    private final Session session;

    Roles(Session session) {
        this.session = session;
    }

    private static Object[] struct(String principal, Role role, String environment) {
        return Structs.role(role.value(), Utf8.of(principal), Utf8.of(environment));
    }

    /**
     * Gives a role and its keys. Throws NotFoundException, DeniedException.
     *
     * @param principal name of the principal
     * @param role the role
     * @param environment its key; null: all
     * @param changes what goes with the change: reason, operation, force
     */
    public void grant(String principal, Role role, String environment, Change... changes) {
        try (Use use = new Use()) {
            Native.roleGrant(use.of(session), struct(principal, role, environment),
                    Change.struct(changes));
        }
    }

    /**
     * Takes a role back. Throws NotFoundException (NOT_SET), DeniedException (LAST_OWNER).
     *
     * @param principal name of the principal
     * @param role the role
     * @param environment its key; null: all
     * @param changes what goes with the change: reason, operation, force
     */
    public void revoke(String principal, Role role, String environment, Change... changes) {
        try (Use use = new Use()) {
            Native.roleRevoke(use.of(session), struct(principal, role, environment),
                    Change.struct(changes));
        }
    }
}
