// From a seed to the order of faults on each track. Pure: the same seed gives the same campaign.
import { seededRandom, type SeededRandom } from '@libs/test-kit/seeded-random';
import { type FaultKind, faultKinds, ruleOf, type Track } from './kinds';

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly holdMs: number;
  /** Quiet time after it has healed and service is back. */
  readonly quietMs: number;
  /** For whatever else the fault has to choose. */
  readonly draw: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Whether the log lies on a file system of its own. */
  readonly hasDisk: boolean;
  /** These alone; empty: all. */
  readonly only: readonly FaultKind[];
}

export type Schedule = Readonly<Record<Track, readonly PlannedFault[]>>;

/** Rounds through all kinds; more than any run gets through. */
const rounds = 8;
/** Faults of rank `long` take a minute and come only where that is affordable. */
const longFromS = 120;
const quietMs: Readonly<Record<Track, readonly [number, number]>> = {
  process: [1_000, 2_500], provider: [1_000, 4_000], receiver: [2_000, 5_000],
};

export function planSchedule(options: ScheduleOptions): Schedule {
  const tracks: readonly Track[] = ['process', 'provider', 'receiver'];
  const random = seededRandom(options.seed);
  const planned = tracks.map((track) => [track, planTrack(track, options, random)] as const);
  return Object.fromEntries(planned) as unknown as Schedule;
}

/** What a run leaves out, and why. */
export function leftOut(options: ScheduleOptions): string[] {
  return faultKinds.flatMap((kind) => {
    const rule = ruleOf(kind);
    if (options.only.length > 0) return [];
    if (rule.needsDisk && !options.hasDisk) {
      return [`${kind}: needs root, to mount a small file system for the log`];
    }
    if (rule.rank === 'long' && options.seconds < longFromS) {
      return [`${kind}: only in runs of ${longFromS} s and more`];
    }
    return [];
  });
}

/** Core faults first, then the others, then all again in another order. */
function planTrack(
  track: Track, options: ScheduleOptions, random: SeededRandom,
): readonly PlannedFault[] {
  const kinds = faultKinds.filter((kind) => ruleOf(kind).track === track && fits(kind, options));
  const core = kinds.filter((kind) => ruleOf(kind).rank === 'core');
  const others = kinds.filter((kind) => ruleOf(kind).rank !== 'core');
  const order = [...random.shuffle(core), ...random.shuffle(others)];
  for (let round = 1; round < rounds; round += 1) order.push(...random.shuffle(kinds));
  return order.map((kind) => ({
    kind,
    holdMs: random.whole(...ruleOf(kind).holdMs),
    quietMs: random.whole(...quietMs[track]),
    draw: random.next(),
  }));
}

function fits(kind: FaultKind, { seconds, hasDisk, only }: ScheduleOptions): boolean {
  const rule = ruleOf(kind);
  if (rule.needsDisk && !hasDisk) return false;
  if (only.length > 0) return only.includes(kind);
  return rule.rank !== 'long' || seconds >= longFromS;
}
