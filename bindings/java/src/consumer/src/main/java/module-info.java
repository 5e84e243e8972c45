// SPDX-License-Identifier: MIT
/** A host. */
module consumer {
    requires dev.envres;
}
