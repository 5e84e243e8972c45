/* SPDX-License-Identifier: MIT */
/** The whole public interface. Each header also stands alone. */
#ifndef ENVRES_ENVRES_H
#define ENVRES_ENVRES_H

#include <envres/app.h>
#include <envres/audit.h>
#include <envres/deposit.h>
#include <envres/environment.h>
#include <envres/error.h>
#include <envres/explain.h>
#include <envres/key.h>
#include <envres/list.h>
#include <envres/memory.h>
#include <envres/part.h>
#include <envres/principal.h>
#include <envres/query.h>
#include <envres/redact.h>
#include <envres/release.h>
#include <envres/request.h>
#include <envres/resource.h>
#include <envres/scan.h>
#include <envres/scope.h>
#include <envres/session.h>
#include <envres/statement.h>
#include <envres/store.h>
#include <envres/template.h>
#include <envres/types.h>
#include <envres/value.h>
#include <envres/variable.h>
#include <envres/version.h>

#endif
