// Check 3: what is booked is what the simulator says it served, per provider key and per tenant; a
// call whose end nobody learned is listed as unknown; no routing was run twice.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Evidence, type JobView } from '../evidence/evidence';
import { attemptsOf, endsOf, type JobStory, requestOf } from '../evidence/stories';
import { type LedgerRecord } from '../notes';
import { sumsFindings, type Sums, sumsOf } from './sums';
import { verdict, type Verdict } from './verdict';

type Given = Pick<Evidence, 'stories' | 'ledger' | 'views' | 'archive' | 'keyNames'>;

export function checkMoney(given: Given): Verdict {
  const stories = [...given.stories.values()];
  const books = booksOf(stories);
  const calls = given.ledger.filter(({ attempt }) => attempt !== '');
  const sums = sumsOf(books.attempts.values(), calls, given.keyNames);
  const unlisted = unlistedCalls(calls, books);
  return verdict(3, 'what is booked is what was served', {
    'calls at the simulator': calls.length,
    booked: sums.booked.calls,
    'booked USD': usd(sums.booked.picoUsd),
    'unknown, listed': books.unknown,
    'of them served': sums.servedUnknown,
  }, [
    ...calls.flatMap((call) => callFindings(call, books.attempts.get(call.attempt)?.record)),
    ...inventedFindings(books, calls),
    ...unlisted,
    ...sumsFindings(sums, given.archive.spend, spendOf(books)),
    ...stories.flatMap((story) => runFindings(story)),
    ...stories.flatMap((story) => viewFindings(story, given.views.get(story.id))),
  ]);
}

interface Booked {
  readonly record: AttemptRecord;
  readonly story: JobStory;
}

export interface Books {
  readonly attempts: ReadonlyMap<string, Booked>;
  /** Per request: routings whose end nobody learned and that name no call. */
  readonly open: ReadonlyMap<string, number>;
  readonly unknown: number;
  readonly twice: readonly string[];
}

export function booksOf(stories: readonly JobStory[]): Books {
  const attempts = new Map<string, Booked>();
  const open = new Map<string, number>();
  const twice: string[] = [];
  let unknown = 0;
  for (const story of stories) {
    for (const [id, record] of attemptsOf(story)) {
      if (attempts.has(id)) twice.push(`${id} is booked for two jobs`);
      attempts.set(id, { record, story });
      if (record.outcome === 'unknown') unknown += 1;
    }
    const routings = openRoutings(story).length;
    unknown += routings;
    if (routings > 0) open.set(requestOf(story), (open.get(requestOf(story)) ?? 0) + routings);
  }
  return { attempts, open, unknown, twice };
}

/** Routings of which no worker ever wrote an end. */
export function openRoutings(story: JobStory): number[] {
  return [...endsOf(story)].filter(([, ends]) => ends.length === 0).map(([routing]) => routing);
}

function callFindings(call: LedgerRecord, record: AttemptRecord | undefined): string[] {
  if (record === undefined) return [];
  const { attempt, outcome, usage } = call;
  const about = `${attempt} was ${outcome} and is ${record.outcome} in the log`;
  switch (outcome) {
    case 'served':
      if (record.outcome === 'failed') return [`${about}: a call that cost is booked as free`];
      if (record.outcome !== 'succeeded') return [];
      return record.usage?.input_tokens === usage.prompt
        && record.usage.output_tokens === usage.completion
        ? [] : [`${attempt}: other tokens are booked than were served`];
    case 'cut': case 'hung': case 'running':
      if (record.outcome === 'succeeded') return [`${about}: no whole answer was given`];
      return record.outcome === 'failed' && call.tokensSent > 0
        ? [`${about}: a call that may cost is booked as free`] : [];
    case 'error': case 'refused':
      return record.outcome === 'succeeded' ? [`${about}: it cost nothing`] : [];
  }
}

function inventedFindings({ attempts, twice }: Books, calls: readonly LedgerRecord[]): string[] {
  const made = new Set(calls.map(({ attempt }) => attempt));
  const invented = [...attempts]
    .filter(([id, { record }]) => record.outcome === 'succeeded' && !made.has(id))
    .map(([id]) => `${id} is booked and never reached the simulator`);
  return [...twice, ...invented];
}

/** Calls that may have cost and that the log does not name: an open routing must stand for each. */
function unlistedCalls(calls: readonly LedgerRecord[], { attempts, open }: Books): string[] {
  const unnamed = new Map<string, number>();
  for (const { attempt, outcome, user } of calls) {
    if (attempts.has(attempt) || outcome === 'error' || outcome === 'refused') continue;
    unnamed.set(user, (unnamed.get(user) ?? 0) + 1);
  }
  return [...unnamed].filter(([request, count]) => count > (open.get(request) ?? 0))
    .map(([request, count]) => (
      `${request}: ${count} calls are in no book, ${open.get(request) ?? 0} routings are unknown`));
}

function runFindings(story: JobStory): string[] {
  return [...endsOf(story)].filter(([, ends]) => ends.length > 1)
    .map(([routing, ends]) => (
      `routing ${routing} of ${story.id} was run twice (${ends.join(', ')})`));
}

/** The API shows the sum of the calls, and lists what is unknown. */
function viewFindings(story: JobStory, view: JobView | undefined): string[] {
  if (view === undefined || view.id !== story.id) return [];
  const findings: string[] = [];
  const costs = [...attemptsOf(story).values()].flatMap(({ cost_pico_usd: cost }) => (
    cost === null ? [] : [BigInt(cost)]));
  const sum = costs.length === 0 ? null : costs.reduce((total, cost) => total + cost, 0n);
  const shown = view.cost_usd === null ? null : picoOf(view.cost_usd);
  if (sum !== shown) {
    findings.push(`${story.id} costs ${sum ?? 'an unknown number of'} pico USD, shown are ${
      shown ?? 'none'}`);
  }
  for (const routing of openRoutings(story)) {
    const listed = view.attempts.some(({ attempt_id: id }) => id === `unknown:${routing}`);
    if (listed) continue;
    findings.push(`routing ${routing} of ${story.id} is unknown and not shown so`);
  }
  return findings;
}

function spendOf({ attempts }: Books): Sums['perVirtualKey'] {
  const spend = new Map<string, { picoUsd: bigint; calls: number }>();
  for (const { record, story } of attempts.values()) {
    if (record.cost_pico_usd === null) continue;
    const name = `${story.tenant}/${story.submitted.data.key}`;
    const before = spend.get(name) ?? { picoUsd: 0n, calls: 0 };
    const picoUsd = before.picoUsd + BigInt(record.cost_pico_usd);
    spend.set(name, { picoUsd, calls: before.calls + 1 });
  }
  return spend;
}

function picoOf(decimalUsd: string): bigint {
  const [whole = '0', fraction = ''] = decimalUsd.split('.');
  return BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'));
}

function usd(picoUsd: bigint): string {
  return (Number(picoUsd / 1_000_000n) / 1e6).toFixed(6);
}
