/* SPDX-License-Identifier: MIT */
/* What guard's other files may know of an identity beyond keyring.h. Private to guard. */
#ifndef ENVRES_GUARD_IDENTITY_H
#define ENVRES_GUARD_IDENTITY_H

#include "guard/keyring.h"

/* Its X25519 secret key (32 bytes, in the arena); borrowed. */
const uint8_t *identity_box_secret(const struct identity *identity);
/* What its slots hold (32 bytes, in the arena); borrowed. */
const uint8_t *identity_seed(const struct identity *identity);

#endif
