/* SPDX-License-Identifier: MIT */
/*
 * The schema of a store. Every step is a list of single statements run in one transaction; the
 * driver sets user_version in the same one. Steps are never edited after a release: a change is a
 * new step. The schema fingerprint check compares sqlite_schema with these very texts.
 *
 *   workspace --< environment --< setting >-- object (a variable or a resource)
 *       |             |  `------- head (one sealed digest over the environment's settings)
 *       |             |---------< key_grant >-- principal --< slot, role_grant
 *       |             |---------< env_key (public), key_past (who once held a key)
 *       |             `---------< inbox (deposits), request --< approval
 *       |--< audit (a hash chain)
 *       |--< app --< version --< part_edit, query_edit
 *       |     `----< release (a line of records; app.live points at the one that is served)
 *       |--< query --< query_revision >-- object (the resource that it is for)
 *       `--< tree, part (by their digest; a tree is the paths and queries of one content)
 *
 * A setting row is one revision of one value (field '') or of one field of a resource. It is
 * written once; only `until` is set later, when the next revision takes its place: the rows of a
 * revision R are those with revision <= R and (until IS NULL or until > R). Rows carry name, kind
 * and class as they were, so older revisions resolve under the names of their time.
 *
 * A draft is its base tree with the edits laid over it, the newest of each path and of each query
 * (`until` IS NULL); both kinds of edits share one row of numbers.
 * When a version leaves the draft state its tree is written, and from then on is its content. One
 * live release for each app is no rule that rows could break: app.live is one column.
 *
 * A CHECK of three numbers or more is a BETWEEN: for an IN of that length SQLite builds a table of
 * its own at every INSERT.
 */
#include "storage/migrate.h"

#include <stddef.h>

static const char *const step_0[] = {
    "CREATE TABLE workspace ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "name TEXT NOT NULL UNIQUE,"
    "root BLOB NOT NULL CHECK (length(root) = 32),"
    "policy INTEGER NOT NULL CHECK (policy >= 0),"
    "policy_signer BLOB CHECK (length(policy_signer) = 16),"
    "policy_signature BLOB CHECK (length(policy_signature) = 64),"
    "created_at INTEGER NOT NULL"
    ") STRICT",

    "CREATE TABLE environment ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "key TEXT NOT NULL,"
    "label TEXT NOT NULL,"
    "color TEXT,"
    "position INTEGER,"
    "protected INTEGER NOT NULL CHECK (protected IN (0, 1)),"
    "approvals INTEGER NOT NULL CHECK (approvals >= 0),"
    "require_reason INTEGER NOT NULL CHECK (require_reason IN (0, 1)),"
    "editors_reveal INTEGER NOT NULL CHECK (editors_reveal IN (0, 1)),"
    "rollback_approvals INTEGER NOT NULL CHECK (rollback_approvals IN (0, 1)),"
    "fixed INTEGER NOT NULL CHECK (fixed IN (0, 1)),"
    "revision INTEGER NOT NULL CHECK (revision >= 0),"
    "generation INTEGER NOT NULL CHECK (generation >= 1),"
    "head BLOB NOT NULL,"
    "created_at INTEGER NOT NULL,"
    "UNIQUE (workspace_id, key)"
    ") STRICT",

    "CREATE TABLE principal ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "name TEXT NOT NULL,"
    "box_key BLOB NOT NULL CHECK (length(box_key) = 32),"
    "sign_key BLOB NOT NULL CHECK (length(sign_key) = 32),"
    "slots BLOB NOT NULL CHECK (length(slots) = 64),"
    "created_at INTEGER NOT NULL,"
    "removed_at INTEGER"
    ") STRICT",

    "CREATE UNIQUE INDEX principal_name ON principal (workspace_id, name)"
    " WHERE removed_at IS NULL",

    "CREATE TABLE role_grant ("
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "principal_id BLOB NOT NULL REFERENCES principal (id),"
    "environment_id BLOB NOT NULL CHECK (length(environment_id) = 16),"
    "role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 8),"
    "granter_id BLOB NOT NULL REFERENCES principal (id),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "created_at INTEGER NOT NULL,"
    "PRIMARY KEY (principal_id, environment_id, role)"
    ") STRICT",

    "CREATE TABLE slot ("
    "principal_id BLOB NOT NULL REFERENCES principal (id),"
    "ordinal INTEGER NOT NULL CHECK (ordinal >= 1),"
    "label TEXT NOT NULL,"
    "body BLOB NOT NULL CHECK (length(body) = 160),"
    "provider BLOB,"
    "created_at INTEGER NOT NULL,"
    "PRIMARY KEY (principal_id, ordinal)"
    ") STRICT",

    "CREATE TABLE key_grant ("
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "generation INTEGER NOT NULL CHECK (generation >= 1),"
    "class INTEGER NOT NULL CHECK (class IN (1, 2)),"
    "principal_id BLOB NOT NULL REFERENCES principal (id),"
    "body BLOB NOT NULL CHECK (length(body) = 136),"
    "granter_id BLOB NOT NULL,"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "created_at INTEGER NOT NULL,"
    "PRIMARY KEY (environment_id, generation, class, principal_id)"
    ") STRICT",

    "CREATE TABLE key_past ("
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "class INTEGER NOT NULL CHECK (class IN (1, 2)),"
    "principal_id BLOB NOT NULL REFERENCES principal (id),"
    "withdrawn_at INTEGER NOT NULL,"
    "PRIMARY KEY (environment_id, class, principal_id)"
    ") STRICT",

    "CREATE TABLE env_key ("
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "generation INTEGER NOT NULL CHECK (generation >= 1),"
    "box_key BLOB NOT NULL CHECK (length(box_key) = 32),"
    "signer_id BLOB NOT NULL REFERENCES principal (id),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "created_at INTEGER NOT NULL,"
    "PRIMARY KEY (environment_id, generation)"
    ") STRICT",

    "CREATE TABLE inbox ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "generation INTEGER NOT NULL CHECK (generation >= 1),"
    "name TEXT NOT NULL,"
    "type INTEGER NOT NULL,"
    "secret INTEGER NOT NULL CHECK (secret IN (0, 1)),"
    "base INTEGER NOT NULL CHECK (base >= 0),"
    "body BLOB NOT NULL,"
    "depositor_id BLOB NOT NULL REFERENCES principal (id),"
    "asserted BLOB NOT NULL CHECK (length(asserted) = 16),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "time INTEGER NOT NULL"
    ") STRICT",

    "CREATE INDEX inbox_environment ON inbox (environment_id, time)",

    "CREATE TABLE request ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "action TEXT NOT NULL,"
    "object TEXT NOT NULL,"
    "right INTEGER NOT NULL,"
    "needed INTEGER NOT NULL CHECK (needed >= 1),"
    "policy_version INTEGER NOT NULL,"
    "base BLOB NOT NULL CHECK (length(base) = 32),"
    "secret INTEGER NOT NULL CHECK (secret IN (0, 1)),"
    "content BLOB NOT NULL CHECK (length(content) = 32),"
    "payload BLOB NOT NULL,"
    "authors BLOB NOT NULL,"
    "requester_id BLOB NOT NULL REFERENCES principal (id),"
    "asserted BLOB NOT NULL CHECK (length(asserted) = 16),"
    "reason TEXT NOT NULL,"
    "time INTEGER NOT NULL,"
    "expires_at INTEGER NOT NULL,"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
    "operation BLOB CHECK (length(operation) = 16),"
    "CHECK ((state = 2) = (operation IS NOT NULL))"
    ") STRICT",

    "CREATE INDEX request_time ON request (workspace_id, time)",

    "CREATE TABLE approval ("
    "request_id BLOB NOT NULL REFERENCES request (id),"
    "principal_id BLOB NOT NULL REFERENCES principal (id),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "time INTEGER NOT NULL,"
    "PRIMARY KEY (request_id, principal_id)"
    ") STRICT",

    "CREATE TABLE object ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "class INTEGER NOT NULL CHECK (class IN (1, 2)),"
    "name TEXT NOT NULL,"
    "kind TEXT NOT NULL,"
    "secret INTEGER NOT NULL CHECK (secret IN (0, 1)),"
    "created_at INTEGER NOT NULL,"
    "removed_at INTEGER"
    ") STRICT",

    "CREATE UNIQUE INDEX object_name ON object (workspace_id, class, name)"
    " WHERE removed_at IS NULL",

    "CREATE TABLE setting ("
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "object_id BLOB NOT NULL REFERENCES object (id),"
    "field TEXT NOT NULL,"
    "revision INTEGER NOT NULL CHECK (revision >= 1),"
    "until INTEGER CHECK (until > revision),"
    "state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),"
    "class INTEGER NOT NULL CHECK (class IN (1, 2)),"
    "name TEXT NOT NULL,"
    "kind TEXT NOT NULL,"
    "secret INTEGER NOT NULL CHECK (secret IN (0, 1)),"
    "content BLOB NOT NULL CHECK (length(content) = 32),"
    "record BLOB NOT NULL,"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "time INTEGER NOT NULL,"
    "PRIMARY KEY (environment_id, object_id, field, revision)"
    ") STRICT",

    /* One row of a setting is current. Those of an environment are found here, by their names; the
     * row of an object is its newest, which the primary key finds. */
    "CREATE UNIQUE INDEX setting_current ON setting (environment_id, name, class, field, object_id)"
    " WHERE until IS NULL",

    "CREATE TABLE audit ("
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "sequence INTEGER NOT NULL CHECK (sequence >= 1),"
    "time INTEGER NOT NULL,"
    "actor BLOB NOT NULL,"
    "asserted_by BLOB NOT NULL,"
    "action TEXT NOT NULL,"
    "environment_id BLOB NOT NULL,"
    "object TEXT NOT NULL,"
    "revision INTEGER NOT NULL,"
    "outcome INTEGER NOT NULL,"
    "reason TEXT NOT NULL,"
    "operation BLOB NOT NULL CHECK (length(operation) = 16),"
    "policy_version INTEGER NOT NULL,"
    "previous BLOB NOT NULL CHECK (length(previous) = 32),"
    "hash BLOB NOT NULL CHECK (length(hash) = 32),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "PRIMARY KEY (workspace_id, sequence)"
    ") STRICT",

    "CREATE UNIQUE INDEX audit_operation ON audit (workspace_id, operation)",

    /* Finds the newest revision of an environment that the audit knows, whenever a scope opens. */
    "CREATE INDEX audit_configuration ON audit (workspace_id, environment_id, revision)"
    " WHERE outcome = 0 AND revision > 0 AND substr(object, 1, 4) <> 'app/'"
    " AND substr(object, 1, 8) <> 'version/' AND substr(object, 1, 5) <> 'part/'",

    "CREATE TABLE part ("
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "body BLOB NOT NULL,"
    "PRIMARY KEY (workspace_id, digest)"
    ") STRICT",

    "CREATE TABLE tree ("
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "body BLOB NOT NULL,"
    "PRIMARY KEY (workspace_id, digest)"
    ") STRICT",

    "CREATE TABLE app ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "name TEXT NOT NULL,"
    "pin INTEGER NOT NULL CHECK (pin IN (0, 1)),"
    "protected INTEGER NOT NULL CHECK (protected IN (0, 1)),"
    "live INTEGER,"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "created_at INTEGER NOT NULL,"
    "FOREIGN KEY (id, live) REFERENCES release (app_id, sequence)"
    ") STRICT",

    "CREATE UNIQUE INDEX app_name ON app (workspace_id, lower(name))",

    "CREATE TABLE version ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "app_id BLOB NOT NULL REFERENCES app (id),"
    "number INTEGER NOT NULL CHECK (number >= 1),"
    "name TEXT NOT NULL,"
    "description TEXT NOT NULL,"
    "state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
    "stage_id BLOB NOT NULL REFERENCES environment (id),"
    "parent_id BLOB REFERENCES version (id),"
    "base BLOB CHECK (length(base) = 32),"
    "content BLOB NOT NULL CHECK (length(content) = 32),"
    "parts INTEGER NOT NULL CHECK (parts >= 0),"
    "bytes INTEGER NOT NULL CHECK (bytes >= 0),"
    "pins INTEGER NOT NULL CHECK (pins >= 0),"
    "edits INTEGER NOT NULL CHECK (edits >= 0),"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "created_at INTEGER NOT NULL,"
    "changed_at INTEGER NOT NULL,"
    "frozen_at INTEGER,"
    "CHECK ((state = 1) = (frozen_at IS NULL)),"
    "UNIQUE (app_id, number)"
    ") STRICT",

    "CREATE UNIQUE INDEX version_name ON version (app_id, lower(name))",

    "CREATE INDEX version_stage ON version (app_id, stage_id, changed_at)",

    "CREATE TABLE part_edit ("
    "version_id BLOB NOT NULL REFERENCES version (id),"
    "edit INTEGER NOT NULL CHECK (edit >= 1),"
    "until INTEGER CHECK (until > edit),"
    "path TEXT NOT NULL,"
    "action INTEGER NOT NULL CHECK (action BETWEEN 1 AND 3),"
    "part BLOB CHECK (length(part) = 32),"
    "size INTEGER NOT NULL CHECK (size >= 0),"
    "public INTEGER NOT NULL CHECK (public IN (0, 1)),"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "time INTEGER NOT NULL,"
    "CHECK (action <> 1 OR part IS NOT NULL),"
    "CHECK (action <> 2 OR part IS NULL),"
    "PRIMARY KEY (version_id, edit)"
    ") STRICT",

    "CREATE UNIQUE INDEX part_edit_current ON part_edit (version_id, path) WHERE until IS NULL",

    "CREATE TABLE release ("
    "app_id BLOB NOT NULL REFERENCES app (id),"
    "sequence INTEGER NOT NULL CHECK (sequence >= 1),"
    "kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),"
    "version_id BLOB NOT NULL REFERENCES version (id),"
    "target INTEGER CHECK (target < sequence),"
    "previous INTEGER CHECK (previous < sequence),"
    "tag TEXT NOT NULL,"
    "tag_order BLOB NOT NULL,"
    "notes TEXT NOT NULL,"
    "app_name TEXT NOT NULL,"
    "version_name TEXT NOT NULL,"
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "content BLOB NOT NULL CHECK (length(content) = 32),"
    "pin INTEGER NOT NULL CHECK (pin IN (0, 1)),"
    "revision INTEGER NOT NULL CHECK (revision >= 0),"
    "config BLOB NOT NULL CHECK (length(config) = 32),"
    "manifest BLOB NOT NULL CHECK (length(manifest) = 32),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "signer BLOB NOT NULL REFERENCES principal (id),"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "time INTEGER NOT NULL,"
    "CHECK ((kind = 1) = (target IS NULL)),"
    "FOREIGN KEY (app_id, target) REFERENCES release (app_id, sequence),"
    "FOREIGN KEY (app_id, previous) REFERENCES release (app_id, sequence),"
    "PRIMARY KEY (app_id, sequence)"
    ") STRICT",

    "CREATE UNIQUE INDEX release_tag ON release (app_id, tag_order) WHERE kind = 1",

    "CREATE INDEX release_version ON release (app_id, version_id, kind, sequence)",

    "CREATE TABLE query ("
    "id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),"
    "workspace_id BLOB NOT NULL REFERENCES workspace (id),"
    "name TEXT NOT NULL,"
    "created_at INTEGER NOT NULL,"
    "removed_at INTEGER"
    ") STRICT",

    "CREATE UNIQUE INDEX query_name ON query (workspace_id, name) WHERE removed_at IS NULL",

    "CREATE TABLE query_revision ("
    "query_id BLOB NOT NULL REFERENCES query (id),"
    "revision INTEGER NOT NULL CHECK (revision >= 1),"
    "resource_id BLOB NOT NULL REFERENCES object (id),"
    "body BLOB NOT NULL,"
    "restored INTEGER NOT NULL CHECK (restored >= 0 AND restored < revision),"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "time INTEGER NOT NULL,"
    "signer BLOB NOT NULL REFERENCES principal (id),"
    "signature BLOB NOT NULL CHECK (length(signature) = 64),"
    "PRIMARY KEY (query_id, revision)"
    ") STRICT",

    "CREATE TABLE query_edit ("
    "version_id BLOB NOT NULL REFERENCES version (id),"
    "edit INTEGER NOT NULL CHECK (edit >= 1),"
    "until INTEGER CHECK (until > edit),"
    "query_id BLOB NOT NULL REFERENCES query (id),"
    "action INTEGER NOT NULL CHECK (action IN (1, 2)),"
    "revision INTEGER NOT NULL CHECK (revision >= 0),"
    "author BLOB NOT NULL CHECK (length(author) = 16),"
    "time INTEGER NOT NULL,"
    "PRIMARY KEY (version_id, edit)"
    ") STRICT",

    "CREATE UNIQUE INDEX query_edit_current ON query_edit (version_id, query_id)"
    " WHERE until IS NULL",

    "CREATE TABLE editing ("
    "app_id BLOB NOT NULL REFERENCES app (id),"
    "principal_id BLOB NOT NULL REFERENCES principal (id),"
    "version_id BLOB NOT NULL REFERENCES version (id),"
    "environment_id BLOB NOT NULL REFERENCES environment (id),"
    "time INTEGER NOT NULL,"
    "PRIMARY KEY (app_id, principal_id)"
    ") STRICT",
    NULL,
};

static const char *const *const steps[] = { step_0 };

const char *const *
migrate_step(int from)
{
    if (from < 0 || (size_t)from >= sizeof(steps) / sizeof(steps[0]))
        return NULL;
    return steps[from];
}

const char *const *
migrate_schema(void)
{
    return step_0;
}
