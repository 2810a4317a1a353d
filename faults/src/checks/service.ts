// Check 8: how long sync callers were without service because of each fault, and which share of
// requests was answered.
import { type Evidence } from '../evidence/evidence';
import { type FaultNote, type RequestNote } from '../notes';
import { ruleOf } from '../plan/kinds';
import { verdict, type Verdict } from './verdict';

/** With one of two providers down all the time. */
const answeredShareMin = 0.9999;

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface FaultGap {
  readonly fault: FaultNote;
  readonly withoutServiceMs: number;
}

export function checkService({ requests, faults }: Pick<Evidence, 'requests' | 'faults'>): Verdict {
  const gaps = gapsByFault(requests, faults);
  const crowd = requests.filter(({ request }) => request.startsWith('c'));
  const answered = crowd.filter((note) => note.answered).length;
  const findings = gaps.flatMap(({ fault: { kind, detail }, withoutServiceMs }) => {
    const { withoutServiceMsMax } = ruleOf(kind);
    return withoutServiceMs <= withoutServiceMsMax ? []
      : [`${kind} (${detail}): ${seconds(withoutServiceMs)} without service, ${
        seconds(withoutServiceMsMax)} allowed`];
  });
  if (answered < crowd.length * answeredShareMin) {
    const missing = crowd.length - answered;
    findings.push(`${missing} of ${crowd.length} requests were not answered, one provider down`);
  }
  return verdict(8, 'time without service is bounded, and requests are answered', {
    'longest time without service':
      seconds(Math.max(0, ...gaps.map((gap) => gap.withoutServiceMs))),
    ...Object.fromEntries(Object.entries(sharesOf(requests)).map(([who, share]) => [
      who, shareText(share),
    ])),
  }, findings);
}

export interface Share {
  readonly answered: number;
  readonly of: number;
}

/** By who asked. Cancels and callers that leave want no answer. */
export function sharesOf(requests: readonly RequestNote[]): Readonly<Record<string, Share>> {
  const of = (which: (note: RequestNote) => boolean): Share => {
    const notes = requests.filter(which);
    return { answered: notes.filter((note) => note.answered).length, of: notes.length };
  };
  return {
    'with one of two providers down': of(({ request }) => request.startsWith('c')),
    'by the SDKs under faults': of(isSdk),
    'left behind as jobs under faults': of(({ shape }) => shape === 'async' || shape === 'webhook'),
    'without retries under faults': of(({ request }) => request.startsWith('p')),
  };
}

export function shareText({ answered, of }: Share): string {
  const percent = of === 0 ? 100 : (answered / of) * 100;
  return `${answered} of ${of} answered (${Math.floor(percent * 1000) / 1000} %)`;
}

/** What each fault cost; a gap within a fault of processes is not laid to other tracks' faults. */
export function gapsByFault(
  requests: readonly RequestNote[], faults: readonly FaultNote[],
): FaultGap[] {
  const gaps = allGaps(requests);
  const processes = faults.filter(({ kind }) => ruleOf(kind).track === 'process').map(windowOf);
  return faults.map((fault) => {
    const others = ruleOf(fault.kind).track === 'process' ? [] : processes;
    const pieces = gaps.flatMap((gap) => overlap(gap, windowOf(fault)))
      .flatMap((gap) => without(gap, others));
    return { fault, withoutServiceMs: Math.max(0, ...pieces.map(lengthMs)) };
  });
}

/** Per tenant: from one answered probe to the next, or to the last one that nobody answered. */
function allGaps(requests: readonly RequestNote[]): Interval[] {
  const ends = new Map<string, number[]>();
  const begun = new Map<string, { readonly firstMs: number; readonly lastMs: number }>();
  for (const { request, tenant, answered, startedMs, endedMs } of requests) {
    if (!request.startsWith('p')) continue;
    const { firstMs = startedMs, lastMs = startedMs } = begun.get(tenant) ?? {};
    begun.set(tenant, {
      firstMs: Math.min(firstMs, startedMs), lastMs: Math.max(lastMs, startedMs),
    });
    if (!answered) continue;
    const times = ends.get(tenant) ?? [];
    times.push(endedMs);
    ends.set(tenant, times);
  }
  // Service that never came back is a gap, too.
  for (const [tenant, { firstMs, lastMs }] of begun) {
    ends.set(tenant, [...ends.get(tenant) ?? [], firstMs, lastMs]);
  }
  return [...ends.values()].flatMap((times) => {
    const sorted = times.sort((a, b) => a - b);
    return sorted.slice(1).map((toMs, index) => ({ fromMs: sorted[index] ?? toMs, toMs }));
  });
}

function windowOf({ startedMs, untilMs }: FaultNote): Interval {
  return { fromMs: startedMs, toMs: untilMs };
}

function overlap(gap: Interval, window: Interval): Interval[] {
  const fromMs = Math.max(gap.fromMs, window.fromMs);
  // A gap that goes on beyond the window began because of it.
  return fromMs < Math.min(gap.toMs, window.toMs) ? [{ fromMs, toMs: gap.toMs }] : [];
}

function without(gap: Interval, windows: readonly Interval[]): Interval[] {
  return windows.reduce<Interval[]>((pieces, window) => pieces.flatMap((piece) => [
    { fromMs: piece.fromMs, toMs: Math.min(piece.toMs, window.fromMs) },
    { fromMs: Math.max(piece.fromMs, window.toMs), toMs: piece.toMs },
  ].filter((one) => lengthMs(one) > 0)), [gap]);
}

function lengthMs({ fromMs, toMs }: Interval): number {
  return toMs - fromMs;
}

function isSdk({ shape }: RequestNote): boolean {
  return shape === 'sync' || shape === 'stream' || shape === 'repeat';
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
