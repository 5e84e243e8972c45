// SPDX-License-Identifier: MIT
/**
 * A provider for OpenFeature: typed variables of one environment as feature flags.
 *
 *     import { OpenFeature } from '@openfeature/server-sdk';
 *     import { EnvresProvider } from 'envres/openfeature';
 *
 *     await OpenFeature.setProviderAndWait(new EnvresProvider(session, 'production', { pollSeconds: 5 }));
 *     await OpenFeature.getClient().getBooleanValue('show-beta', false);
 *
 * Needs @openfeature/server-sdk.
 *
 * **Flags.** The key of a flag is the name of a variable; `-` and `.` stand for `_`, which no name can hold
 * (`names` changes that). boolean, string (template too), number and json variables are flags of type boolean,
 * string, number and object. A json variable in the form that flagd defines (`{"state": "ENABLED", "variants":
 * {...}, "defaultVariant": "on", "metadata": {...}}`) is a flag of the type of its variant, with that variant's
 * name.
 *
 * **The environment is fixed** when the provider is made. The evaluation context chooses nothing: there is no
 * targeting, and a `targeting` member is ignored.
 *
 * **Reasons.** STATIC: the value was read from the snapshot; CACHED: again; DISABLED: the variable is known and
 * not set in this environment, or its state is DISABLED; DEFAULT: it has no default variant. DISABLED and DEFAULT
 * give the caller's default.
 *
 * **Errors** (with the caller's default): FLAG_NOT_FOUND; TYPE_MISMATCH, also for an integer that no number holds;
 * PARSE_ERROR for a flag of that form that is broken; GENERAL for a secret, which is never a flag, and for a value
 * that cannot be read.
 *
 * **Metadata.** `environment`, `revision` (of the configuration), and where an app is served `app`, `version`,
 * `release`; then what the flag itself has.
 *
 * **Events.** poll() looks whether the store changed, and a timer does so every `pollSeconds` where that is set:
 * ConfigurationChanged with the keys of the flags that differ, Stale while the store cannot be read (the last
 * snapshot serves on), Ready when it can again.
 */
import type {
  JsonValue, OpenFeatureEventEmitter, Provider, ProviderMetadata, ResolutionDetails,
} from '@openfeature/server-sdk';
import type { Session } from './index';

export interface ProviderOptions {
  /** Flags are read as the app's live release sees them (a release that pins its configuration pins its flags). */
  app?: string;
  /** How often to look for changes; 0: when poll() is called. The timer does not keep the process alive. */
  pollSeconds?: number;
  /** The name of the variable for a flag's key; underscored(). */
  names?: (key: string) => string;
}

/** The name of the variable for a flag's key: `-` and `.` become `_`. */
export declare function underscored(key: string): string;

/** Variables of one environment as flags. */
export declare class EnvresProvider implements Provider {
  /** `session` stays the host's, who closes it after OpenFeature.close(). */
  constructor(session: Session, environment: string, options?: ProviderOptions);
  readonly runsOn: 'server';
  /** Its name: "envres". */
  readonly metadata: ProviderMetadata;
  readonly events: OpenFeatureEventEmitter;
  /** Opens the snapshot. PROVIDER_FATAL for what waiting does not mend: no such environment, no key for it,
   *  damage; any other failure leaves the provider in ERROR until poll() succeeds. */
  initialize(): Promise<void>;
  /** Ends the timer and lets go of the snapshot. The session stays open. */
  onClose(): Promise<void>;
  /** Looks whether the store changed, and emits events; whether a new snapshot serves. Never rejects: a store
   *  that cannot be read is an event. */
  poll(): Promise<boolean>;
  resolveBooleanEvaluation(key: string, fallback: boolean): Promise<ResolutionDetails<boolean>>;
  resolveStringEvaluation(key: string, fallback: string): Promise<ResolutionDetails<string>>;
  resolveNumberEvaluation(key: string, fallback: number): Promise<ResolutionDetails<number>>;
  resolveObjectEvaluation<T extends JsonValue>(key: string, fallback: T): Promise<ResolutionDetails<T>>;
}
