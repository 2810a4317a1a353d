// The bounds of a customer, team or key one by one, each with the account of the ledger it is kept in.
// The amount is no part of an account's name: a raised budget goes on with what was spent.
import type { Candidate } from '@libs/events/job-events';
import type { BudgetWindow, LimitLevel } from '@libs/events/limits';
import { allowsName } from '@libs/governance/glob';
import type { Limits } from '@libs/governance/state';

export type BoundKind = 'budget' | 'requests' | 'tokens' | 'concurrent';

/** Which calls an account counts: globs; empty lists are all of them. */
export interface Scope {
  readonly kind: BoundKind;
  readonly window: BudgetWindow;
  readonly calendar: boolean;
  readonly models: readonly string[];
  readonly providers: readonly string[];
}

export interface Bound extends Scope {
  readonly account: string;
  readonly level: LimitLevel;
  readonly id: string;
  /** 10⁻¹² USD, requests, tokens, or requests under way. */
  readonly limit: bigint;
}

/** Limits are immutable values of the governance fold. */
const known = new WeakMap<Limits, readonly Bound[]>();

export function boundsOf(limits: readonly Limits[]): readonly Bound[] {
  const [only] = limits;
  if (limits.length === 1 && only !== undefined) return boundsOfOne(only);
  return limits.flatMap(boundsOfOne);
}

function boundsOfOne(limits: Limits): readonly Bound[] {
  const found = known.get(limits);
  if (found !== undefined) return found;
  const bound = (scope: Scope, limit: bigint): Bound =>
    ({ ...scope, account: accountName(limits, scope), level: limits.level, id: limits.id, limit });
  const bounds: Bound[] = limits.budgets.map(({ limit_pico_usd: limit, ...scope }) =>
    bound({ kind: 'budget', ...scope }, BigInt(limit)));
  for (const { requests, tokens, window, models } of limits.rate_limits) {
    const scope = { window, calendar: false, models, providers: [] };
    if (requests !== undefined) bounds.push(bound({ kind: 'requests', ...scope }, BigInt(requests)));
    if (tokens !== undefined) bounds.push(bound({ kind: 'tokens', ...scope }, BigInt(tokens)));
  }
  if (limits.max_concurrent !== null) {
    bounds.push(bound({
      kind: 'concurrent', window: 'total', calendar: false, models: [], providers: [],
    }, BigInt(limits.max_concurrent)));
  }
  known.set(limits, bounds);
  return bounds;
}

/** `key/k1 budget month calendar`: for the log, too. */
function accountName({ level, id }: Limits, scope: Scope): string {
  const { kind, window, calendar, models, providers } = scope;
  return [
    `${level}/${id} ${kind} ${window}`,
    ...(calendar ? ['calendar'] : []),
    ...(models.length === 0 ? [] : [`models=${[...models].sort().join(',')}`]),
    ...(providers.length === 0 ? [] : [`providers=${[...providers].sort().join(',')}`]),
  ].join(' ');
}

/** Whether a call counts; `asked`: the model as the client named it. */
export function countsCall(
  { models, providers }: Pick<Scope, 'models' | 'providers'>,
  { provider, model }: Pick<Candidate, 'provider' | 'model'>, asked: string,
): boolean {
  return allowsName(providers, provider)
    && (allowsName(models, model) || allowsName(models, asked));
}

/** Whether a request counts, wherever it is called. */
export function countsRequest({ kind, models }: Scope, asked: string): boolean {
  return kind === 'budget' || allowsName(models, asked);
}
