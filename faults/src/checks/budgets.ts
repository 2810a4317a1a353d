// Check 4: no budget is passed at any place of the log by more than estimates of what was in flight
// were off; in the end only calls of unknown end hold money; what is shown is what the log says and
// what the simulator billed, also when it is made again from the first event.
import { type Budget, type Evidence } from '../evidence/evidence';
import { type Money, moneyOf } from '../evidence/money';
import { attemptsOf, requestOf, type Stories } from '../evidence/stories';
import { verdict, type Verdict } from './verdict';

type Given = Pick<
  Evidence, 'log' | 'stories' | 'ledger' | 'budgets' | 'prices' | 'requests'
>;

const nothing: Money = { spent: 0n, held: 0n, beyond: 0n, most: 0n, mostAt: 0 };

export function checkBudgets(given: Given): Verdict {
  const { log, budgets: { shown, holds } } = given;
  const money = moneyOf(log);
  const billed = billedByKey(given);
  const all = shown.map((budget) => ({ budget, sum: money.get(nameOf(budget)) ?? nothing }));
  const keys = all.filter(({ budget }) => budget.level === 'key');
  const customers = all.filter((one) => !keys.includes(one));
  const refused = given.requests.filter(({ tries }) => tries.some(({ status }) => status === 402));
  const spentUp = keys.filter(({ budget, sum }) => (
    Number(sum.most) > nearlySpent * Number(picoOf(budget.limit))));
  return verdict(4, 'no budget is passed by more than its in-flight estimate', {
    budgets: shown.length,
    'requests refused for want of money': refused.length,
    'keys without money for one more': spentUp.length,
    'spent USD': usd(keys.reduce((sum, one) => sum + one.sum.spent, 0n)),
    'beyond estimates USD': usd(keys.reduce((sum, one) => sum + one.sum.beyond, 0n)),
    'holds of unknown end': holds.length,
    'held for them USD': usd(holds.reduce((sum, hold) => sum + picoOf(hold.held_usd ?? '0'), 0n)),
  }, [
    ...spentUp.length === 0 ? ['no budget came to its limit, so nothing was tried'] : [],
    ...keys.flatMap(({ budget, sum }) => [
      ...lineFindings(budget, sum, given), ...billFindings(budget, sum, billed.get(budget.id)),
    ]),
    ...customers.flatMap(({ budget, sum }) => lineFindings(budget, sum, given)),
    ...madeFindings(given),
  ]);
}

/** Of a key's limit: less is left than one more call may cost. */
const nearlySpent = 0.87;

function lineFindings(budget: Budget, sum: Money, { budgets: { holds } }: Given): string[] {
  const name = nameOf(budget);
  const findings: string[] = [];
  const limit = picoOf(budget.limit);
  if (sum.most > limit) {
    findings.push(`${name}: ${sum.most} pico USD are spent and held at commit ${sum.mostAt
    }, its limit is ${limit}`);
  }
  const [spent, held] = [picoOf(budget.spent), picoOf(budget.held)];
  if (spent !== sum.spent) findings.push(`${name}: ${sum.spent} spent in the log, shown are ${spent}`);
  if (held !== sum.held) findings.push(`${name}: ${sum.held} held in the log, shown are ${held}`);
  const listed = holds
    .filter((hold) => (budget.level === 'key' ? hold.key : hold.customer) === budget.id)
    .reduce((total, hold) => total + picoOf(hold.held_usd ?? '0'), 0n);
  if (listed !== held) {
    findings.push(`${name}: ${held} are held, and the listed holds of unknown end come to ${listed}`);
  }
  return findings;
}

interface Billed {
  /** Of calls whose cost is booked. */
  readonly booked: bigint;
  readonly served: bigint;
}

function billFindings(
  budget: Budget, sum: Money, { booked, served }: Billed = { booked: 0n, served: 0n },
): string[] {
  const findings: string[] = [];
  const limit = picoOf(budget.limit);
  if (booked !== sum.spent) {
    findings.push(`${nameOf(budget)}: ${sum.spent} are booked, the simulator billed ${booked} for it`);
  }
  if (served > limit + sum.beyond) {
    findings.push(`${nameOf(budget)}: the simulator served ${served} pico USD, its limit is ${limit
    }, estimates were off by ${sum.beyond}`);
  }
  return findings;
}

/** What the simulator served to each virtual key, at the campaign's prices. */
function billedByKey({ stories, ledger, prices }: Given): Map<string, Billed> {
  const keyOf = keysByRequest(stories);
  const costs = new Set<string>();
  for (const story of stories.values()) {
    for (const [id, record] of attemptsOf(story)) if (record.cost_pico_usd !== null) costs.add(id);
  }
  const billed = new Map<string, Billed>();
  for (const { provider, attempt, user, outcome, usage } of ledger) {
    const key = keyOf.get(user);
    const price = prices[provider];
    if (outcome !== 'served' || key === undefined || price === undefined) continue;
    // USD a million tokens are 10⁻¹² USD times a million a token.
    const cost = BigInt(usage.prompt * price.input + usage.completion * price.output) * 1_000_000n;
    const { booked, served } = billed.get(key) ?? { booked: 0n, served: 0n };
    billed.set(key, {
      booked: costs.has(attempt) ? booked + cost : booked, served: served + cost,
    });
  }
  return billed;
}

function keysByRequest(stories: Stories): Map<string, string> {
  return new Map([...stories.values()].map((story) => [
    requestOf(story), story.submitted.data.key]));
}

function madeFindings({ budgets: { shown, made } }: Given): string[] {
  if (typeof made === 'string') return [`budgets were not made again: ${made}`];
  const again = new Map(made.map((budget) => [nameOf(budget), textOf(budget)]));
  const differing = shown.filter((budget) => again.get(nameOf(budget)) !== textOf(budget));
  return [
    ...differing.map((budget) => `${nameOf(budget)}: shown as ${textOf(budget)}, made again from the `
      + `first event as ${again.get(nameOf(budget)) ?? 'none'}`),
    ...made.length === shown.length ? []
      : [`${shown.length} budgets are shown, ${made.length} were made again`],
  ];
}

function nameOf({ level, id }: Budget): string {
  return `${level}/${id}`;
}

function textOf({ limit, spent, held }: Budget): string {
  return `${spent} spent and ${held} held of ${limit}`;
}

function picoOf(decimalUsd: string): bigint {
  const [whole = '0', fraction = ''] = decimalUsd.split('.');
  return BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'));
}

function usd(picoUsd: bigint): string {
  return (Number(picoUsd) / 1e12).toFixed(6);
}
