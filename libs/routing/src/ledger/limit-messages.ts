// What a caller is told of a bound that stood in the way: which one, how much there is, until when.
import type { Candidate } from '@libs/events/job-events';
import type { LimitMet } from '@libs/events/limits';
import { usdFromPico } from '@libs/governance/money';

export function messageOfBudget(met: LimitMet, need: bigint): string {
  const { level, id, window, limit, spent, held } = met;
  const span = window === 'total' ? 'total' : `per ${window}`;
  return `The budget of ${level} ${id} (${usdFromPico(limit)} USD ${span}) is not enough for this `
    + `request, which may cost up to ${usdShort(need)} USD: ${usdFromPico(spent)} USD are spent and `
    + `${usdFromPico(held)} USD are held for requests under way. ${resets(met, need)}`;
}

export function messageOfRate(met: LimitMet, need: bigint): string {
  const { kind, level, id, window, limit, spent, held } = met;
  if (kind === 'concurrent') {
    return `${level} ${id} may have ${limit} requests under way at the same time, and has ${held}.`;
  }
  const asks = kind === 'requests' ? '' : ` This request may need up to ${need}.`;
  return `The limit of ${level} ${id} is ${limit} ${kind.replace('_', ' ')} per ${window}: ${spent} are used and `
    + `${held} are held for requests under way.${asks} ${resets(met, need)}`;
}

export function unpricedMessage(candidates: readonly Pick<Candidate, 'provider' | 'model'>[]): string {
  const names = [...new Set(candidates.map(({ provider, model }) => `${provider}/${model}`))];
  return `A budget bounds this request, and the price of ${names.slice(0, 4).join(', ')} is not known `
    + '(price_unknown): an unknown price is never taken for nothing. Set a price for it.';
}

/** For people: no more than six significant digits behind the zeros. */
export function usdShort(amount: bigint): string {
  const text = usdFromPico(String(amount));
  return text.replace(/^(0\.0*\d{6}|[1-9]\d*\.\d{6})\d+$/, '$1…');
}

function resets({ limit, window, resets_at_ms: atMs }: LimitMet, need: bigint): string {
  if (need > BigInt(limit)) return 'It is more than the whole limit.';
  if (atMs !== null) return `It resets at ${new Date(atMs).toISOString()}.`;
  return window === 'total' ? 'It does not reset.' : 'There is room when a request under way ends.';
}
