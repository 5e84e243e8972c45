/* SPDX-License-Identifier: MIT */
/* Telling the host of the audit: its anchor, its sink. */
#ifndef ENVRES_API_SETTLE_H
#define ENVRES_API_SETTLE_H

#include "api/store.h"

/* INVALID for half an anchor. */
envres_status settle_options(const envres_store_options *options, envres_store *store,
                             envres_error *err);

/* For a new session, no lock held: compares the file with the anchor (ROLLBACK, FORK, INTEGRITY,
 * CALLBACK), brings the anchor up to it, and lets the session's changes be told from now on. */
envres_status settle_session(envres_session *session, envres_error *err);

/* Whether the host should be told something when the call is over; under the lock. */
bool settle_is_due(const envres_session *session);

/* Tells it, no lock held. What cannot be told is kept, and told before the next change. */
void settle_after(envres_session *session);

/* Before a session is closed, no lock held: a last checkpoint. */
void settle_close(envres_session *session);

void settle_free(envres_store *store);

#endif
