// Calls whose end has stayed unknown for some time: of one customer and provider together, the oldest
// by name and the others by number.
import type { GovernanceState } from '@libs/governance/state';
import { type AlertTable, mayRaise, unknownKey, unknownTogetherMs } from './alert-table';
import type { Due } from './due';
import type { UnknownEnd } from './unknown-ends';

export function unknownOutcomes(
  table: Pick<AlertTable, 'unknown' | 'until'>,
  { governance, nowMs }: {
    readonly governance: Pick<GovernanceState, 'alerts'>; readonly nowMs: number;
  },
): { readonly due: Due[]; readonly nextMs: number } {
  const afterMs = governance.alerts.outcome_unknown_after_ms;
  const together = new Map<string, UnknownEnd[]>();
  let nextMs = Infinity;
  for (const end of table.unknown.values()) {
    if (end.toldBy !== null) continue;
    if (end.sinceMs + afterMs > nowMs) {
      nextMs = Math.min(nextMs, end.sinceMs + afterMs);
      break;
    }
    const name = unknownKey(end.tenant, end.provider);
    const known = together.get(name);
    if (known === undefined) together.set(name, [end]);
    else known.push(end);
  }
  const due: Due[] = [];
  for (const [name, ends] of together) {
    if (mayRaise({ until: table.until }, name, nowMs)) due.push(dueOf(ends));
    // Told a little while ago: these wait for the next time.
    else nextMs = Math.min(nextMs, table.until.get(name) ?? nowMs + unknownTogetherMs);
  }
  return { due, nextMs };
}

function dueOf(ends: readonly UnknownEnd[]): Due {
  const [first, ...others] = ends as [UnknownEnd, ...UnknownEnd[]];
  const { job, routing, attempt, provider, key, model, sinceMs, holdPicoUsd, tenant } = first;
  const held = others.reduce((sum, other) => sum + BigInt(other.holdPicoUsd ?? '0'), 0n);
  return {
    id: ['outcome_unknown', job, routing].join('/'),
    tenant,
    data: {
      alert: 'outcome_unknown', job, routing, attempt_id: attempt, provider, key, model,
      since_ms: sinceMs, hold_pico_usd: holdPicoUsd, others: others.length,
      others_hold_pico_usd: String(held), until_ms: (others.at(-1) ?? first).sinceMs,
    },
  };
}
