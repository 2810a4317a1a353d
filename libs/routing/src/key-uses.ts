// When each virtual key was last used, and with which models: part of the fold. To the second, so that
// a key that is used a thousand times a second is noted once.
import type { AnyEvent } from '@libs/events/envelope';
import type { JobState } from '@libs/jobs/state';

/** Immutable: a snapshot may keep it while the fold goes on. Times are the log's. */
export interface KeyUse {
  readonly atMs: number;
  /** Names that it asked for and that were routed; the lately used ones. */
  readonly models: readonly { readonly model: string; readonly atMs: number }[];
}

const precisionMs = 1_000;
/** A name is the client's own choice: more than this many, and the oldest is forgotten. */
const modelsMax = 20;

/** Notes a submission for its key, and a routing for the model, too. */
export function noteUse(
  uses: Map<string, KeyUse>, event: AnyEvent, job: JobState, atMs: number,
): void {
  if (event.type !== 'JobSubmitted' && event.type !== 'JobRouted') return;
  const { key, model } = job.submitted;
  const before = uses.get(key);
  const models = before?.models ?? [];
  if (event.type === 'JobSubmitted') {
    if (before === undefined || before.atMs + precisionMs <= atMs) uses.set(key, { atMs, models });
    return;
  }
  const known = models.find((one) => one.model === model);
  if (known !== undefined && known.atMs + precisionMs > atMs) return;
  const others = models.filter((one) => one !== known).slice(0, modelsMax - 1);
  uses.set(key, { atMs: before?.atMs ?? atMs, models: [{ model, atMs }, ...others] });
}

/** What is asked about a key. */
export interface KeyUseView extends KeyUse {
  readonly key: string;
  /** Jobs without an outcome. */
  readonly open_jobs: number;
}

/** Those of `keys` that were used in this partition. */
export function keyUses(
  state: { readonly uses: ReadonlyMap<string, KeyUse>; readonly jobs: ReadonlyMap<string, JobState> },
  keys: readonly string[],
): KeyUseView[] {
  const open = new Map(keys.map((key) => [key, 0]));
  for (const { phase, submitted: { key } } of state.jobs.values()) {
    const count = open.get(key);
    if (count !== undefined && phase !== 'settled') open.set(key, count + 1);
  }
  return keys.flatMap((key) => {
    const use = state.uses.get(key);
    return use === undefined ? [] : [{ key, ...use, open_jobs: open.get(key) ?? 0 }];
  });
}
