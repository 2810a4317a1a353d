// What each virtual key and each customer has spent and holds, place after place of the log: counted
// here by itself from the plain events, and not by the product's own ledger.
import { type AttemptRecord } from '@libs/events/attempts';
import { type AnyEvent } from '@libs/events/envelope';
import { type LogEvidence } from './log-evidence';
import { attemptsIn, knowledge, routingEnded } from './stories';

/** All in 10⁻¹² USD. */
export interface Money {
  readonly spent: bigint;
  /** For calls that run, and for those whose end nobody learned. */
  readonly held: bigint;
  /** What routings cost, or may cost yet, beyond what was held for them: estimates that were off. */
  readonly beyond: bigint;
  /** The most that was spent and held at one place of the log, without what was beyond. */
  readonly most: bigint;
  /** Sequence of that place. */
  readonly mostAt: number;
}

interface Routing {
  readonly hold: bigint;
  ended: boolean;
  readonly attempts: Map<string, AttemptRecord>;
  counted: Amounts;
}

interface Amounts { readonly spent: bigint; readonly held: bigint; readonly beyond: bigint }
type Sum = { -readonly [Field in keyof Money]: Money[Field] };

const nothing: Amounts = { spent: 0n, held: 0n, beyond: 0n };

/** By `key/<id>` and `customer/<id>`. */
export function moneyOf({ commits }: Pick<LogEvidence, 'commits'>): ReadonlyMap<string, Money> {
  const sums = new Map<string, Sum>();
  const keys = new Map<string, string>();
  const routings = new Map<string, Routing>();
  for (const { message: { sequence }, events } of commits) {
    for (const event of events) {
      if (event.type === 'JobSubmitted') keys.set(event.subject, event.data.key);
      const changed = changedBy(routings, event);
      if (changed.length === 0) continue;
      for (const name of [`key/${keys.get(event.subject) ?? ''}`, `customer/${event.tenant}`]) {
        const sum = sums.get(name) ?? { ...nothing, most: 0n, mostAt: 0 };
        sums.set(name, sum);
        for (const routing of changed) count(sum, routing);
        const now = sum.spent + sum.held - sum.beyond;
        if (now > sum.most) Object.assign(sum, { most: now, mostAt: sequence });
      }
      for (const routing of changed) routing.counted = amountsOf(routing);
    }
  }
  return sums;
}

/** The routings that an event begins, ends, or says something of. */
function changedBy(routings: Map<string, Routing>, event: AnyEvent): Routing[] {
  const changed = new Set<Routing>();
  const find = (number: number): Routing | undefined => routings.get(`${event.subject} ${number}`);
  if (event.type === 'JobRouted') {
    const { routing, hold } = event.data;
    const begun = {
      hold: BigInt(hold?.amount_pico_usd ?? '0'), ended: false, attempts: new Map(),
      counted: nothing,
    };
    if (find(routing) === undefined) {
      routings.set(`${event.subject} ${routing}`, begun);
      changed.add(begun);
    }
  }
  for (const attempt of attemptsIn(event)) {
    const routing = find(attempt.routing);
    const known = routing?.attempts.get(attempt.attempt_id);
    if (routing === undefined || (known && knowledge(known) >= knowledge(attempt))) continue;
    routing.attempts.set(attempt.attempt_id, attempt);
    changed.add(routing);
  }
  const ended = routingEnded(event);
  const routing = ended === null ? undefined : find(ended);
  if (routing !== undefined) {
    routing.ended = true;
    changed.add(routing);
  }
  return [...changed];
}

function count(sum: Sum, routing: Routing): void {
  const { counted } = routing;
  const now = amountsOf(routing);
  sum.spent += now.spent - counted.spent;
  sum.held += now.held - counted.held;
  sum.beyond += now.beyond - counted.beyond;
}

function amountsOf({ hold, ended, attempts }: Routing): Amounts {
  const all = [...attempts.values()];
  const spent = all.reduce((sum, { cost_pico_usd: cost }) => sum + BigInt(cost ?? '0'), 0n);
  const owes = all.some(({ outcome, cost_pico_usd: cost }) => outcome === 'unknown' && cost === null);
  const held = !ended || owes ? hold : 0n;
  const total = spent + held;
  return { spent, held, beyond: total > hold ? total - hold : 0n };
}
