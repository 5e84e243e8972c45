// SPDX-License-Identifier: MIT
/** Environments, variables, sealed secrets, templates, resource handles and releases: libenvres. */
module dev.envres {
    exports dev.envres;
}
