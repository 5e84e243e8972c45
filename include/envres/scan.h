/* SPDX-License-Identifier: MIT */
/**
 * Scanning: what in any text belongs to an environment, and does not belong into the text.
 *
 * A check (release.h) looks at the parts of an app; a scan looks at whatever a host has: a file
 * before it is committed, a draft, a configuration. It finds secrets of every environment, hosts
 * and values of other environments than the one that the text is for, and tags that are nearly
 * right. docs/checks.md says what counts.
 *
 * A scan is a snapshot; for one thread at a time. It holds the values it looks for in memory that
 * is wiped, and says names only. It needs neither session nor store after it was opened.
 */
#ifndef ENVRES_SCAN_H
#define ENVRES_SCAN_H

#include <envres/release.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What texts are held against. */
typedef struct envres_scan envres_scan;

/**
 * Opens a scan for texts that are meant for one environment.
 * @param environment  its own hosts and plain values are no findings; its secrets are
 * @param out          belongs to the caller: envres_scan_close()
 * @param findings     may be NULL; those about the scan itself: "not-checked" for each
 *                     environment whose values, or some of them, cannot be looked for:
 *                     envres_list_free()
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_DENIED (no key for the environment), ENVRES_E_INTEGRITY.
 * Since 0.1.
 */
ENVRES_API envres_status envres_scan_open(envres_session *session, const char *environment,
                                          size_t environment_len, envres_scan **out,
                                          envres_list **findings, envres_error *err);

/**
 * Scans one text.
 * @param name  what findings call it (ENVRES_FINDING_PART): a path, at most 4,096 bytes
 * @param text  any bytes, at most 16 MiB; in what is no UTF-8 tags are not looked at
 * @param out   columns ENVRES_FINDING_*, errors first, then by position: envres_list_free()
 * Errors: ENVRES_E_LIMIT, ENVRES_E_UTF8 (the name), ENVRES_E_NOMEM. A finding is not an error.
 * Since 0.1.
 */
ENVRES_API envres_status envres_scan_text(envres_scan *scan, const char *name, size_t name_len,
                                          const char *text, size_t len, envres_list **out,
                                          envres_error *err);

/** Wipes and frees. NULL is allowed. Since 0.1. */
ENVRES_API void envres_scan_close(envres_scan *scan);

#ifdef __cplusplus
}
#endif

#endif
