// Keeps the ledger with the fold: what a job holds and what its calls cost follows from its state, the
// same facts that libs/jobs/src/book.ts adds up; so whatever comes twice changes nothing.
import type { AttemptRecord } from '@libs/events/attempts';
import type { AnyEvent } from '@libs/events/envelope';
import type { Limits } from '@libs/governance/state';
import type { Usage } from '@libs/events/usage';
import type { JobState } from '@libs/jobs/state';
import { isStandIn } from '@libs/jobs/unknown-calls';
import { boundsOf, countsCall } from './bounds';
import { book, type Booked, type HeldRouting, type Ledger, openSlot, type Part } from './ledger';
import { heldFromText, textOfHeld } from './ledger-snapshot';
import { boundedBy } from './output-lengths';
import { callsOf, partsOf } from './parts';

interface Followed {
  readonly before: JobState | undefined;
  readonly after: JobState;
  /** The log's time. */
  readonly appendedAtMs: number;
}

/** After `event` brought the job from one state to another. */
export function followJob(
  ledger: Ledger, event: AnyEvent, change: Followed,
  limitsOf: (job: JobState) => readonly Limits[],
): void {
  const { before, after, appendedAtMs } = change;
  if (event.type === 'JobRouted' && after.routings > (before?.routings ?? 0)) {
    const limits = limitsOf(after);
    if (limits.length > 0) hold(ledger, after, { routed: event.data, limits, atMs: appendedAtMs });
  }
  const held = heldOf(ledger, after.id);
  if (held === undefined) return;
  for (const entry of held) {
    setHeld(ledger, entry, heldCalls(after, entry), runs(after, entry));
  }
  for (const attempt of after.attempts) bookAttempt(ledger, held, attempt);
  if (before !== undefined) takeBackStandIns(ledger, held, { before, after });
  const isQuiet = after.phase === 'settled' && held.every(({ heldCalls: calls }) => calls === 0);
  ledger.routings.set(after.id, isQuiet ? textOfHeld(held) : held);
}

/** The job is gone from the fold, and nothing of it is held. */
export function forgetJob(ledger: Ledger, job: string): void {
  ledger.routings.delete(job);
}

function hold(
  ledger: Ledger, job: JobState,
  { routed, limits, atMs }: {
    readonly routed: Extract<AnyEvent, { type: 'JobRouted' }>['data'];
    readonly limits: readonly Limits[]; readonly atMs: number;
  },
): void {
  const parts = partsOf(boundsOf(limits), boundedBy(job, routed.output_estimate), routed)
    .map(({ bound, perCall }): Part =>
      ({ ...openSlot(ledger, bound.account, bound, atMs), perCall }));
  if (parts.length === 0) return;
  const entry: HeldRouting = {
    routing: routed.routing, asked: job.submitted.model, calls: callsOf(routed), parts,
    heldCalls: 0, isRunning: false, booked: new Map(),
  };
  for (const part of parts) {
    if (part.scope.kind === 'requests') book(ledger, part, { spent: part.perCall, held: 0n });
  }
  const known = heldOf(ledger, job.id);
  ledger.routings.set(job.id, known === undefined ? [entry] : [...known, entry]);
}

function heldOf(ledger: Ledger, job: string): HeldRouting[] | undefined {
  const held = ledger.routings.get(job);
  return typeof held === 'string' ? heldFromText(ledger, held) : held;
}

function runs(job: JobState, { routing }: HeldRouting): boolean {
  return job.phase === 'running' && job.routed.routing === routing;
}

/** As libs/jobs/src/book.ts says: running routings hold, and unknown ones that are not given up. */
function heldCalls(job: JobState, entry: HeldRouting): number {
  if (runs(job, entry)) return entry.calls;
  const unknown = job.unknownRoutings.find(({ routing }) => routing === entry.routing);
  if (unknown === undefined || unknown.writtenOff) return 0;
  const { perCallPicoUsd: perCall, holdPicoUsd: all } = unknown;
  if (perCall === undefined || perCall === '0' || all === null) return entry.calls;
  return Math.min(entry.calls, Number(BigInt(all) / BigInt(perCall)));
}

function setHeld(ledger: Ledger, entry: HeldRouting, calls: number, isRunning: boolean): void {
  const by = BigInt(calls - entry.heldCalls);
  const places = BigInt(Number(isRunning) - Number(entry.isRunning));
  entry.heldCalls = calls;
  entry.isRunning = isRunning;
  if (by === 0n && places === 0n) return;
  for (const part of entry.parts) {
    const { kind } = part.scope;
    if (kind === 'requests') continue;
    const held = part.perCall * (kind === 'concurrent' ? places : by);
    if (held !== 0n) book(ledger, part, { spent: 0n, held });
  }
}

/** The calls themselves were heard of: what was booked by the bill in their stead goes. */
function takeBackStandIns(
  ledger: Ledger, held: readonly HeldRouting[],
  { before, after }: { readonly before: JobState; readonly after: JobState },
): void {
  if (before.attempts === after.attempts) return;
  for (const attempt of before.attempts) {
    const { attempt_id: id } = attempt;
    if (!isStandIn(id) || after.attempts.some((one) => one.attempt_id === id)) continue;
    bookAttempt(ledger, held, { ...attempt, usage: noUsage, cost_pico_usd: '0' });
  }
}

const noUsage: Usage = {
  input_tokens: 0, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 0,
  reasoning_tokens: 0,
};

function bookAttempt(
  ledger: Ledger, held: readonly HeldRouting[], attempt: AttemptRecord,
): void {
  const { usage, cost_pico_usd: cost, attempt_id: id } = attempt;
  if (usage === null && cost === null) return;
  const entry = held.find(({ routing }) => routing === attempt.routing);
  if (entry === undefined) return;
  const before = entry.booked.get(id);
  const now: Booked = {
    picoUsd: cost === null ? before?.picoUsd ?? 0n : BigInt(cost),
    input: usage === null ? before?.input ?? 0n : BigInt(usage.input_tokens),
    output: usage === null ? before?.output ?? 0n : BigInt(usage.output_tokens),
  };
  const by: Booked = {
    picoUsd: now.picoUsd - (before?.picoUsd ?? 0n),
    input: now.input - (before?.input ?? 0n), output: now.output - (before?.output ?? 0n),
  };
  if (before !== undefined && by.picoUsd === 0n && by.input === 0n && by.output === 0n) return;
  entry.booked.set(id, now);
  for (const part of entry.parts) {
    const spent = spentIn(part, by, { attempt, asked: entry.asked });
    if (spent !== 0n) book(ledger, part, { spent, held: 0n });
  }
}

function spentIn(
  { scope }: Part, by: Booked,
  { attempt, asked }: { readonly attempt: AttemptRecord; readonly asked: string },
): bigint {
  switch (scope.kind) {
    case 'budget': return countsCall(scope, attempt, asked) ? by.picoUsd : 0n;
    case 'tokens': return by.input + by.output;
    case 'input_tokens': return by.input;
    case 'output_tokens': return by.output;
    case 'requests': case 'concurrent': return 0n;
  }
}
