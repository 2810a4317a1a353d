// From a candidate of a plan to the place to call, with its secret resolved. Cached until the
// governance state changes, so that a hot path costs one lookup.
import { type Candidate } from '@libs/events/job-events';
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { type GovernanceState } from '@libs/governance/state';
import { resolveSecret } from '@libs/settings/secret-ref';
import { type UpstreamFailed, type UpstreamTarget } from '../providers/outcome';

export type TargetResult =
  | { readonly ok: true; readonly target: UpstreamTarget }
  /** It cannot be called, and why, as the outcome of the call that was not made. */
  | { readonly ok: false; readonly outcome: UpstreamFailed };

export class UpstreamTargets {
  #madeFrom: GovernanceState | null = null;
  readonly #byName = new Map<string, TargetResult>();

  targetOf(candidate: Candidate, governance: GovernanceState): TargetResult {
    if (this.#madeFrom !== governance) {
      this.#madeFrom = governance;
      this.#byName.clear();
    }
    const dropParams = candidate.drop.length > 0;
    const name = JSON.stringify([candidate.provider, candidate.key, candidate.model, dropParams]);
    let result = this.#byName.get(name);
    if (result === undefined) {
      result = makeTarget(candidate, governance);
      // A missing variable or file may appear while we run: only what works is remembered.
      if (result.ok) this.#byName.set(name, result);
    }
    return result;
  }
}

function makeTarget(candidate: Candidate, governance: GovernanceState): TargetResult {
  const config = governance.providers.get(candidate.provider);
  if (config === undefined) {
    return cannot('connect_failed', `Provider ${candidate.provider} is not configured any more.`);
  }
  const key = config.keys.find(({ name }) => name === candidate.key);
  if (key === undefined) {
    const message = `Provider ${config.provider} has no key named ${candidate.key} any more.`;
    return cannot('credentials_rejected', message);
  }
  let secret: string | null;
  try {
    secret = key.secret === null ? null : resolveSecret(key.secret).reveal();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `The key ${key.name} of ${config.provider} cannot be read: ${why}`;
    return cannot('credentials_rejected', message);
  }
  return {
    ok: true,
    target: {
      providerId: config.provider,
      kind: config.kind,
      baseUrl: config.base_url,
      model: candidate.model,
      secret,
      timeouts: {
        connectMs: config.timeouts.connect_ms,
        firstTokenMs: config.timeouts.first_token_ms,
        stallMs: config.timeouts.stall_ms,
        totalMs: config.timeouts.total_ms,
      },
      dropParams: candidate.drop.length > 0,
      headers: config.headers,
    },
  };
}

function cannot(errorClass: AttemptErrorClass, message: string): TargetResult {
  return {
    ok: false,
    outcome: {
      kind: 'failed', class: errorClass, status: null, message, body: null, mayHaveCost: false,
      retryAfterMs: null, usage: null, contentSent: false,
    },
  };
}
