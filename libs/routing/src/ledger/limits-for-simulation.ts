// For the simulation: what bounds its customer, team and keys, the raises that come and go meanwhile, and
// that no decision passes what is allowed at its moment.
import { type EventDraft, stamp } from '@libs/events/envelope';
import { evolveGovernance } from '@libs/governance/evolve';
import type { GovernanceState } from '@libs/governance/state';
import { governed, type Partition, providerConfigured } from '../routing-for-specs';
import { boundsOf, budgetAccount, limitAt } from './bounds';
import { sumOf } from './ledger';

const price = (output: number): object => ({
  input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0',
  output_per_token: String(output), per_request: '1',
});
const budget = (limit: number, changes: object = {}): object => ({
  limit_pico_usd: String(limit), window: 'total', calendar: false, models: [], providers: [], ...changes,
});
const limits = (level: string, id: string, bounds: object): EventDraft => ({
  type: 'LimitsSet', subject: `${level}/${id}`, tenant: 'acme',
  data: { level, id, budgets: [], rate_limits: [], max_concurrent: null, origin: 'api', ...bounds },
}) as EventDraft;
const zone = (name: string, offsets: readonly (readonly [from: string, minutes: number])[]): EventDraft => ({
  type: 'TimeZoneSet', subject: name, tenant: 'system',
  data: {
    time_zone: name, release: 'spec', known_until_ms: Date.UTC(2027, 0, 1), origin: 'system',
    offsets: offsets.map(([from, minutes]) => ({ from_ms: Date.parse(from), minutes })),
  },
});

const berlin = [
  ['2025-10-26T01:00:00Z', 60], ['2026-03-29T01:00:00Z', 120], ['2026-10-25T01:00:00Z', 60],
] as const;
const lordHowe = [
  ['2025-10-04T15:30:00Z', 660], ['2026-04-04T15:00:00Z', 630], ['2026-10-03T15:30:00Z', 660],
] as const;

/** Some time before clocks are changed there. */
export const clockChanges = [...berlin, ...lordHowe].slice(1)
  .map(([from]) => Date.parse(from) - 1_000_000);

export function governanceForSimulation(): GovernanceState {
  const inBerlin = { calendar: true, time_zone: 'Europe/Berlin' };
  const onLordHowe = { calendar: true, time_zone: 'Australia/Lord_Howe' };
  return governed(
    {
      type: 'SettingsChanged', subject: '', tenant: 'system',
      data: { webhooks_allow_private: false, write_off_after_s: 1_500, origin: 'api' },
    },
    providerConfigured('one'), providerConfigured('two'),
    ...['one', 'two'].map((provider, index): EventDraft => ({
      type: 'PriceSet', subject: '', tenant: 'system',
      data: { provider, model: 'gpt-4o', price: price(2 + 3 * index), source: '', origin: 'api' },
    }) as EventDraft),
    zone('Europe/Berlin', berlin), zone('Australia/Lord_Howe', lordHowe),
    limits('customer', 'acme', {
      budgets: [
        budget(3_000), budget(900, { window: 'hour' }), budget(1_100, { window: 'day', ...inBerlin }),
        budget(850, { window: 'hour', ...onLordHowe }),
      ],
      max_concurrent: 6, concurrent: [{ concurrent: 5, models: ['gpt-*'] }],
    }),
    limits('team', 'red', {
      budgets: [
        budget(800, { window: 'minute', calendar: true }), budget(600, { providers: ['two'] }),
      ],
    }),
    limits('key', 'key_1', {
      budgets: [budget(700, { window: 'minute' })],
      rate_limits: [{ requests: 9, tokens: 900, window: 'minute', models: [] }],
    }),
    limits('key', 'key_2', {
      rate_limits: [
        { input_tokens: 1_000, output_tokens: 150, window: 'minute', models: [] },
        { output_tokens: 700, window: 'hour', models: ['gpt-4o'] },
      ],
    }),
  );
}

interface Draws {
  whole(from: number, to: number): number;
  pick<T>(values: readonly T[]): T;
}

export interface Raises {
  count: number;
  /** All that a budget was ever raised by, by account: what was spent of it stays in the books. */
  readonly most: Map<string, bigint>;
}

/** The governance with one more raise of some budget, for a while. */
export function raiseSome(
  raises: Raises, { governance, nowMs }: Partition, random: Draws,
): GovernanceState {
  raises.count += 1;
  const owners = [...governance.limits.values()];
  const [owner, budgetScope] = random.pick(owners.flatMap((one) =>
    one.budgets.map((each) => [one, each] as const)));
  const { level, id } = owner;
  const account = budgetAccount(owner, budgetScope);
  const add = BigInt(random.whole(1, 500));
  raises.most.set(account, (raises.most.get(account) ?? 0n) + add);
  const draft: EventDraft = {
    type: 'BudgetRaised', subject: `${level}/${id}`, tenant: 'acme',
    data: {
      level, id, raise: `raise_${raises.count}`, budget: budgetScope, add_pico_usd: String(add),
      until_ms: nowMs + random.pick([1, 60_000, 2_000_000]), reason: '', origin: 'api',
    },
  };
  return evolveGovernance(governance, stamp(draft, draft.data.raise, nowMs), governance.sequence + 1);
}

/** Of each account that decisions took more of: not above its limit of that moment. */
export function checkDecided(
  { state, governance, nowMs }: Partition, before: ReadonlyMap<string, bigint>,
): void {
  const reserved = state.work?.reserved ?? new Map<string, bigint>();
  for (const bound of boundsOf([...governance.limits.values()])) {
    const { account } = bound;
    const now = reserved.get(account) ?? 0n;
    if (now <= (before.get(account) ?? 0n)) continue;
    const { spent, held } = sumOf(state.ledger, account, nowMs);
    const over = spent + held + now - limitAt(bound, nowMs);
    if (over > 0n) throw new Error(`${account}: decided ${over} over what it has now`);
  }
}
