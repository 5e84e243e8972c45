// SPDX-License-Identifier: MIT
/** A provider for OpenFeature: typed variables of one environment as feature flags. */
package dev.envres.openfeature;
