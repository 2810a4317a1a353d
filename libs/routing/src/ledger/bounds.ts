// The bounds of a customer, team or key one by one, each with the account of the ledger it is kept in.
// The amount is no part of an account's name: a raised budget goes on with what was spent.
import type { Candidate } from '@libs/events/job-events';
import {
  type BudgetWindow, type LimitLevel, type RateKind, rateKinds, type TimeZoneOffsets,
} from '@libs/events/limits';
import { allowsName } from '@libs/governance/glob';
import type { Limits } from '@libs/governance/state';

export type BoundKind = 'budget' | RateKind | 'concurrent';

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
  /** 10⁻¹² USD, requests, tokens, or requests under way; without raises. */
  readonly limit: bigint;
  /** It refuses nothing. */
  readonly soft: boolean;
  /** Percent of a budget at which an alert is raised. */
  readonly alertAt: readonly number[];
  /** Of a calendar window; null: UTC. */
  readonly timeZone: string | null;
  readonly offsets: TimeZoneOffsets | null;
  readonly raises: readonly BoundRaise[];
  /** A bound before it has the same account, with another limit: what it holds is held there. */
  readonly isRepeated: boolean;
}

export interface BoundRaise {
  readonly add: bigint;
  readonly untilMs: number;
}

/** The limit that holds at this time, with the raises that have not ended. */
export function limitAt({ limit, raises }: Pick<Bound, 'limit' | 'raises'>, nowMs: number): bigint {
  if (raises.length === 0) return limit;
  return raises.reduce((sum, { add, untilMs }) => (nowMs < untilMs ? sum + add : sum), limit);
}

/** Half: as expected or not; four fifths: there is time to act; all: it is used up. */
const alertAtDefault: readonly number[] = [50, 80, 100];

/** Limits are immutable values of the governance fold. */
const known = new WeakMap<Limits, readonly Bound[]>();
/** Of all levels, as `limitsOf` finds them: once for all requests of a caller. */
const knownTogether = new WeakMap<readonly Limits[], readonly Bound[]>();

export function boundsOf(limits: readonly Limits[]): readonly Bound[] {
  const found = knownTogether.get(limits);
  if (found !== undefined) return found;
  const bounds = limits.flatMap(boundsOfOne);
  knownTogether.set(limits, bounds);
  return bounds;
}

type OwnBound = Omit<Bound, 'isRepeated'>;

export function boundsOfOne(limits: Limits): readonly Bound[] {
  const found = known.get(limits);
  if (found !== undefined) return found;
  const accounts = new Set<string>();
  const bounds = [...budgetBounds(limits), ...rateBounds(limits), ...concurrentBounds(limits)]
    .map((bound): Bound => {
      const isRepeated = accounts.has(bound.account);
      accounts.add(bound.account);
      return { ...bound, isRepeated };
    });
  known.set(limits, bounds);
  return bounds;
}

function budgetBounds(limits: Limits): OwnBound[] {
  return limits.budgets.map((budget): OwnBound => {
    const { window, calendar, time_zone: timeZone = null, models, providers, raise } = budget;
    const account = budgetAccount(limits, budget);
    const own = raise === undefined ? [] : [raiseOf(raise)];
    const others = limits.raises
      .filter((one) => budgetAccount(limits, one.budget) === account).map(raiseOf);
    return {
      kind: 'budget', window, calendar, models, providers, account, level: limits.level, id: limits.id,
      limit: BigInt(budget.limit_pico_usd), timeZone,
      // Its offsets stand in the log before its first use.
      offsets: timeZone === null ? null : limits.zones.get(timeZone) ?? null,
      raises: [...own, ...others],
      soft: budget.soft === true,
      alertAt: budget.alert_at ?? alertAtDefault,
    };
  });
}

function raiseOf(raise: { readonly add_pico_usd: string; readonly until_ms: number }): BoundRaise {
  return { add: BigInt(raise.add_pico_usd), untilMs: raise.until_ms };
}

function rateBounds(limits: Limits): OwnBound[] {
  return limits.rate_limits.flatMap((rate) => rateKinds.flatMap((kind) => {
    const { [kind]: limit, window, models } = rate;
    return limit === undefined ? [] : [plainBound(limits, { kind, window, models }, limit)];
  }));
}

function concurrentBounds(limits: Limits): OwnBound[] {
  const bound = (models: readonly string[], limit: number): OwnBound =>
    plainBound(limits, { kind: 'concurrent', window: 'total', models }, limit);
  const { max_concurrent: most, concurrent = [] } = limits;
  return [
    ...(most === null ? [] : [bound([], most)]),
    ...concurrent.map(({ concurrent: limit, models }) => bound(models, limit)),
  ];
}

function plainBound(
  limits: Limits, counted: Pick<Scope, 'kind' | 'window' | 'models'>, limit: number,
): OwnBound {
  const scope = { ...counted, calendar: false, providers: [] };
  return {
    ...scope, account: accountName(limits, scope), level: limits.level, id: limits.id,
    limit: BigInt(limit), timeZone: null, offsets: null, raises: [], soft: false, alertAt: [],
  };
}

type Owner = Pick<Limits, 'level' | 'id'>;

/** What a budget is kept in; two with the same are the same budget. */
export function budgetAccount(
  owner: Owner, budget: Omit<Scope, 'kind'> & { readonly time_zone?: string | undefined },
): string {
  return accountName(owner, { ...budget, kind: 'budget' }, budget.time_zone);
}

/** `key/k1 budget month calendar Europe/Berlin`: for the log, too. */
function accountName({ level, id }: Owner, scope: Scope, timeZone?: string): string {
  const { kind, window, calendar, models, providers } = scope;
  return [
    `${level}/${id} ${kind} ${window}`,
    ...(calendar ? ['calendar'] : []),
    ...(timeZone === undefined ? [] : [timeZone]),
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
