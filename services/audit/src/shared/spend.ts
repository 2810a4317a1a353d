// What each event adds to the spend: the difference between what was known of its job's calls before
// and after. So a call is booked once by its id, whatever event tells of it and however often, and what
// is heard late or mended is added on the day it stood in the log. Pure.
import { type AttemptRecord } from '@libs/events/attempts';
import { type AnyEvent } from '@libs/events/envelope';
import { type JobState } from '@libs/jobs/state';
import {
  type LabelledSpendRow, type SpendRow, type SpendRows, type SpendSums, type SpentBy,
} from '@libs/postgres/spend-rows';

type Sums = { -readonly [K in keyof SpendSums]: SpendSums[K] };
type Where = Omit<SpentBy, 'id' | 'dayMs'>;

type Labels = Readonly<Record<string, string>>;

const dayMs = 86_400_000;
const nothing: SpendSums = {
  picoUsd: 0n, inputTokens: 0, outputTokens: 0, cachedTokens: 0, requests: 0, failed: 0, calls: 0,
  unknown: 0, resolved: 0,
};

/** Collects what some commits add. `idOf` makes a short name of what sums are kept by. */
export class SpendBook {
  readonly #all = new Map<string, { readonly by: SpentBy; readonly sums: Sums }>();
  readonly #labelled = new Map<string, {
    readonly by: SpentBy; readonly sums: Sums; readonly metadata: Labels;
  }>();

  constructor(private readonly idOf: (text: string) => string) {}

  /** An event brought its job from one state to another. */
  follow(
    change: { readonly before: JobState | undefined; readonly after: JobState },
    appendedAtMs: number,
  ): void {
    const { before, after } = change;
    if (before === after || (before?.attempts === after.attempts
      && before.unknownRoutings === after.unknownRoutings && before.phase === after.phase)) return;
    const { tenant, submitted: { key, team, metadata } } = after;
    const add = (
      called: { readonly provider: string | null; readonly model: string | null }, by: Partial<Sums>,
    ): void => {
      const { provider, model } = called;
      this.#add({ tenant, team, key, provider, model }, appendedAtMs, metadata, by);
    };
    if (after.phase === 'settled' && before?.phase !== 'settled') {
      const isFailed = after.status === 'failed' || after.status === 'expired';
      add(after, { requests: 1, failed: isFailed ? 1 : 0 });
    }
    addCalls(before, after, add);
    addUnknown(before, after, add);
  }

  /** A call that no job asked for. */
  followProbe(event: Extract<AnyEvent, { type: 'ProviderProbed' }>, appendedAtMs: number): void {
    const { attempt } = event.data;
    const where = {
      tenant: event.tenant, team: null, key: null, provider: attempt.provider, model: attempt.model,
    };
    this.#add(where, appendedAtMs, {}, {
      ...costs(undefined, attempt), calls: 1, unknown: isUnknown(attempt) ? 1 : 0,
    });
  }

  get rows(): SpendRows {
    const all: SpendRow[] = [...this.#all.values()].map(({ by, sums }) => ({ ...by, ...sums }));
    const labelled: LabelledSpendRow[] = [...this.#labelled.values()]
      .map(({ by, sums, metadata }) => ({ ...by, ...sums, metadata }));
    return { all, labelled };
  }

  #add(
    where: Where, atMs: number, metadata: Labels, by: Partial<Sums>,
  ): void {
    const startMs = Math.floor(atMs / dayMs) * dayMs;
    const { tenant, team, key, provider, model } = where;
    const name = JSON.stringify([startMs, tenant, team, key, provider, model]);
    const entry = this.#all.get(name)
      ?? { by: { id: this.idOf(name), dayMs: startMs, ...where }, sums: { ...nothing } };
    this.#all.set(name, entry);
    addTo(entry.sums, by);
    const labels = Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1));
    if (labels.length === 0) return;
    const labelledName = `${name}${JSON.stringify(labels)}`;
    const labelled = this.#labelled.get(labelledName) ?? {
      by: { id: this.idOf(labelledName), dayMs: startMs, ...where }, sums: { ...nothing },
      metadata,
    };
    this.#labelled.set(labelledName, labelled);
    addTo(labelled.sums, by);
  }
}

type Add = (
  called: { readonly provider: string | null; readonly model: string | null }, by: Partial<Sums>,
) => void;

function addCalls(before: JobState | undefined, after: JobState, add: Add): void {
  if (before?.attempts === after.attempts) return;
  for (const attempt of after.attempts) {
    const known = before?.attempts.find((one) => one.attempt_id === attempt.attempt_id);
    if (known === attempt) continue;
    add(attempt, { ...costs(known, attempt), calls: known === undefined ? 1 : 0 });
  }
  // A stand-in for a call that was not known by name goes when the call itself is heard of.
  for (const gone of before?.attempts ?? []) {
    if (after.attempts.some((one) => one.attempt_id === gone.attempt_id)) continue;
    add(gone, { ...costs(gone, undefined), calls: -1 });
  }
}

function costs(known: AttemptRecord | undefined, now: AttemptRecord | undefined): Partial<Sums> {
  return {
    picoUsd: BigInt(now?.cost_pico_usd ?? 0) - BigInt(known?.cost_pico_usd ?? 0),
    inputTokens: (now?.usage?.input_tokens ?? 0) - (known?.usage?.input_tokens ?? 0),
    outputTokens: (now?.usage?.output_tokens ?? 0) - (known?.usage?.output_tokens ?? 0),
    cachedTokens: (now?.usage?.cached_input_tokens ?? 0) - (known?.usage?.cached_input_tokens ?? 0),
  };
}

function addUnknown(before: JobState | undefined, after: JobState, add: Add): void {
  const [then, now] = [unknownOf(before), unknownOf(after)];
  for (const [id, called] of now) if (!then.has(id)) add(called, { unknown: 1 });
  for (const [id, called] of then) if (!now.has(id)) add(called, { resolved: 1 });
}

type Called = { readonly provider: string; readonly model: string };

/** Calls whose cost nobody knows: by name, or by the routing where none is known by name. */
function unknownOf(job: JobState | undefined): Map<string, Called> {
  const unknown = new Map<string, Called>();
  for (const attempt of job?.attempts ?? []) {
    if (isUnknown(attempt)) unknown.set(attempt.attempt_id, attempt);
  }
  for (const entry of job?.unknownRoutings ?? []) {
    if (entry.attemptId === null) unknown.set(String(entry.routing), entry);
  }
  return unknown;
}

/** As libs/jobs/src/book.ts counts: its end is not known, or it answered and nobody knows the price. */
function isUnknown({ cost_pico_usd: cost, outcome }: AttemptRecord): boolean {
  return cost === null && (outcome === 'unknown' || outcome === 'succeeded');
}

function addTo(sums: Sums, by: Partial<Sums>): void {
  sums.picoUsd += by.picoUsd ?? 0n;
  sums.inputTokens += by.inputTokens ?? 0;
  sums.outputTokens += by.outputTokens ?? 0;
  sums.cachedTokens += by.cachedTokens ?? 0;
  sums.requests += by.requests ?? 0;
  sums.failed += by.failed ?? 0;
  sums.calls += by.calls ?? 0;
  sums.unknown += by.unknown ?? 0;
  sums.resolved += by.resolved ?? 0;
}
