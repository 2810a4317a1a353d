// Figures of one run of a scenario: pure, over what was seen.
import { configuredShare, type Scenario, type Span } from '../scenarios/scenario';
import { type Figures } from './figures';
import { type FirstAttempt, type RequestNote, type Seen } from './notes';

/** Of its configured share: 10 % of first attempts for one of two. */
const hardly = 0.2;
const enough = 0.5;

export function figuresOf(scenario: Scenario, seen: Seen, seconds: number): Figures {
  const { requests, firstAttempts } = seen;
  const spans = scenario.spans(seconds);
  const isBad = badOf(scenario);
  const whole = { fromMs: spans[0]?.fromMs ?? 0, toMs: spans.at(-1)?.toMs ?? 0 };
  const before = requests.filter(({ startedMs }) => startedMs < whole.fromMs);
  const during = requests.filter(({ startedMs }) => within(startedMs, [whole]));
  const [all, trouble] = [sorted(requests, latencyOf), sorted(during, latencyOf)];
  const beyond = beyondPaceOf(scenario);
  const [quietBeyond, troubleBeyond] = [sorted(before, beyond), sorted(during, beyond)];
  const inTrouble = firstAttempts.filter(({ atMs }) => within(atMs, spans));
  const detectS = detection(firstAttempts, isBad, { ...whole, share: configuredShare(scenario) });
  const after = detectS === null ? [] : inTrouble
    .filter(({ atMs }) => atMs >= whole.fromMs + detectS * 1_000);
  return {
    requests: requests.length,
    answered: requests.filter(({ answered }) => answered).length,
    p50Ms: quantile(all, 0.5), p99Ms: quantile(all, 0.99),
    troubleP50Ms: quantile(trouble, 0.5), troubleP99Ms: quantile(trouble, 0.99),
    addedP50Ms: difference(quantile(troubleBeyond, 0.5), quantile(quietBeyond, 0.5)),
    addedP99Ms: difference(quantile(troubleBeyond, 0.99), quantile(quietBeyond, 0.99)),
    badShare: shareOf(inTrouble, isBad), badAfterDetection: shareOf(after, isBad),
    detectS,
    returnS: comeback(firstAttempts, isBad, { ...whole, share: configuredShare(scenario) }),
    answeredAgainS: answeredAgain(requests, whole.toMs),
    usd: seen.usd,
    shares: sharesOf(firstAttempts),
    unanswered: reasonsOf(requests),
    timeline: timelineOf(seen, isBad),
  };
}

type IsBad = (attempt: FirstAttempt) => boolean;

function badOf({ bad }: Scenario): IsBad {
  return ({ provider, key }) => bad.some((one) => (
    one.provider === provider && (one.key === undefined || one.key === key)));
}

interface Trouble extends Span {
  /** What is configured of the bad one. */
  readonly share: number;
}

/** The second after it must say the same: of a small share no attempt in a second may be chance. */
function detection(
  attempts: readonly FirstAttempt[], isBad: IsBad, { fromMs, toMs, share }: Trouble,
): number | null {
  const lastMs = Math.min(toMs, lastOf(attempts));
  for (let s = 0; fromMs + (s + 1) * 1_000 <= lastMs; s += 1) {
    const isLow = [0, 1].every((next) => {
      const at = { fromMs: fromMs + (s + next) * 1_000, toMs: fromMs + (s + next + 1) * 1_000 };
      return (shareOf(attempts.filter(({ atMs }) => within(atMs, [at])), isBad) ?? 0) < share * hardly;
    });
    if (isLow) return s;
  }
  return null;
}

function comeback(
  attempts: readonly FirstAttempt[], isBad: IsBad, { toMs, share }: Trouble,
): number | null {
  const lastMs = lastOf(attempts);
  for (let s = 0; toMs + (s + 1) * 1_000 <= lastMs; s += 1) {
    const second = { fromMs: toMs + s * 1_000, toMs: toMs + (s + 1) * 1_000 };
    const part = shareOf(attempts.filter(({ atMs }) => within(atMs, [second])), isBad);
    if (part !== null && part >= share * enough) return s;
  }
  return null;
}

/** Of those that begin after the trouble: when the last one that fails has begun. */
function answeredAgain(requests: readonly RequestNote[], toMs: number): number | null {
  const after = requests.filter(({ startedMs }) => startedMs >= toMs);
  const lastFailedMs = after.reduce((last, { answered, startedMs }) => (
    answered ? last : Math.max(last, startedMs)), toMs);
  const isProven = after.some(({ startedMs }) => startedMs > lastFailedMs);
  return isProven ? round((lastFailedMs - toMs) / 1_000) : null;
}

function timelineOf(
  { requests, firstAttempts }: Seen, isBad: IsBad,
): (readonly [number, number, number])[] {
  const rows: [number, number, number][] = [];
  const rowAt = (atMs: number): [number, number, number] => {
    const second = Math.max(0, Math.floor(atMs / 1_000));
    while (rows.length <= second) rows.push([0, 0, 0]);
    return rows[second] as [number, number, number];
  };
  for (const { startedMs, answered } of requests) {
    const row = rowAt(startedMs);
    row[0] += 1;
    if (!answered) row[1] += 1;
  }
  for (const attempt of firstAttempts) if (isBad(attempt)) rowAt(attempt.atMs)[2] += 1;
  return rows;
}

function sharesOf(attempts: readonly FirstAttempt[]): Record<string, number> {
  const names = [...new Set(attempts.map(({ provider }) => provider))].sort();
  return Object.fromEntries(names.map((name) => [
    name, shareOf(attempts, ({ provider }) => provider === name) ?? 0,
  ]));
}

function reasonsOf(requests: readonly RequestNote[]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const { answered, reason } of requests) {
    if (!answered) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return reasons;
}

function shareOf(attempts: readonly FirstAttempt[], isMeant: IsBad): number | null {
  return attempts.length === 0 ? null : attempts.filter(isMeant).length / attempts.length;
}

function within(atMs: number, spans: readonly Span[]): boolean {
  return spans.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
}

function lastOf(attempts: readonly FirstAttempt[]): number {
  return attempts.reduce((last, { atMs }) => Math.max(last, atMs), 0);
}

type Duration = (request: RequestNote) => number;

const latencyOf: Duration = ({ startedMs, endedMs }) => endedMs - startedMs;

/** Of a scenario's first provider; where something goes wrong, all have one pace. */
function beyondPaceOf({ providers }: Scenario): Duration {
  const { latencyMs: [least, most], tokensPerS } = providers[0]?.pace
    ?? { latencyMs: [0, 0], tokensPerS: 0 };
  return (request) => latencyOf(request) - (least + most) / 2
    - (tokensPerS === 0 ? 0 : (request.outputTokens / tokensPerS) * 1_000);
}

/** Of those that were answered: a quick refusal is no speed. */
function sorted(requests: readonly RequestNote[], duration: Duration): number[] {
  return requests.filter(({ answered }) => answered).map(duration).sort((a, b) => a - b);
}

function quantile(values: readonly number[], part: number): number | null {
  const value = values[Math.max(0, Math.ceil(values.length * part) - 1)];
  return value === undefined ? null : Math.round(value);
}

function difference(value: number | null, from: number | null): number | null {
  return value === null || from === null ? null : value - from;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
