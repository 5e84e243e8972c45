// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.List;

/** Who acts, with which keys. */
public final class Principals {
    private final Session session;

    Principals(Session session) {
        this.session = session;
    }

    /**
     * Adds one with its first slot, and grants it a role. Throws InvalidNameException,
     * ConflictException, DeniedException, NotFoundException, KeyMaterialException.
     *
     * @param name its name
     * @param credential what unlocks it
     * @param role null: none
     * @param environments keys of environments; none: all
     * @param changes what goes with the change: reason, operation, force
     */
    public void add(String name, Credential credential, Role role, List<String> environments,
            Change... changes) {
        try (Use use = new Use(); Credential.Given given = credential.given(use)) {
            byte[][] keys = environments.stream().map(key -> Utf8.withoutNul(key, "environments"))
                    .toArray(byte[][]::new);
            Object[] options = Structs.principalOptions(role == null ? 0 : role.value(), keys,
                    given.struct);
            Native.principalAdd(use.of(session), Utf8.of(name), options, Change.struct(changes));
        }
    }

    /**
     * Removes its slots, roles and keys. Throws NotFoundException, DeniedException (LAST_OWNER).
     *
     * @param name its name
     * @param changes what goes with the change: reason, operation, force
     */
    public void remove(String name, Change... changes) {
        try (Use use = new Use()) {
            Native.principalRemove(use.of(session), Utf8.of(name), Change.struct(changes));
        }
    }

    /**
     * All, by name.
     *
     * @return a row for each role of each
     */
    public Rows<PrincipalRow> list() {
        try (Use use = new Use()) {
            return new Rows<>(Native.principalList(use.of(session)), PrincipalRow::from);
        }
    }

    /**
     * A new identity for one whose key was lost or may be known. Throws NotFoundException,
     * DeniedException, KeyMaterialException.
     *
     * @param name its name
     * @param credential what unlocks it
     * @param changes what goes with the change: reason, operation, force
     */
    public void rekey(String name, Credential credential, Change... changes) {
        try (Use use = new Use(); Credential.Given given = credential.given(use)) {
            Native.principalRekey(use.of(session), Utf8.of(name), given.struct, Change.struct(changes));
        }
    }
}
