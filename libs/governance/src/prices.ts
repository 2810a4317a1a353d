// Looks up the price of a model at a provider: by its exact name, else by the longest pattern. And
// what has none.
import type { Price } from '@libs/events/usage';
import { matchesGlob } from './glob';
import type { GovernanceState } from './state';

type Prices = GovernanceState['prices'];
type Pattern = readonly [pattern: string, price: Price];

/** Patterns by price table, sorted once: the table is replaced, not changed, when prices change. */
const patternsByTable = new WeakMap<Prices, readonly Pattern[]>();

/** null: not known. */
export function priceOf(
  state: Pick<GovernanceState, 'prices'>, provider: string, model: string,
): Price | null {
  const id = `${provider}/${model}`;
  const exact = state.prices.get(id);
  if (exact !== undefined) return exact;
  return patternsOf(state.prices).find(([pattern]) => matchesGlob(pattern, id))?.[1] ?? null;
}

function patternsOf(prices: Prices): readonly Pattern[] {
  const known = patternsByTable.get(prices);
  if (known !== undefined) return known;
  const patterns = [...prices]
    .filter(([id]) => id.includes('*'))
    .sort(([one], [other]) => other.length - one.length);
  patternsByTable.set(prices, patterns);
  return patterns;
}
