// Runs the faults of a schedule, each track by itself, until the time is over; notes what was done
// and how long it was felt.
import { setTimeout as sleep } from 'node:timers/promises';
import { injections } from './inject/injections';
import { type FaultNote, type RequestNote } from './notes';
import { ruleOf, type Track } from './plan/kinds';
import { type PlannedFault, type Schedule } from './plan/schedule';
import { tenants } from './system/tenants';
import { type World } from './system/world';

export interface TormentOptions {
  readonly world: World;
  readonly schedule: Schedule;
  readonly forMs: number;
  readonly onFault: (note: FaultNote) => void;
}

/** Service that is not back after this is a finding of the checks, not a reason to wait longer. */
const backWithinMs = 45_000;

export async function torment(options: TormentOptions): Promise<FaultNote[]> {
  const notes: FaultNote[] = [];
  const until = Date.now() + options.forMs;
  const life = { broken: false };
  const tracks: readonly Track[] = ['process', 'provider', 'receiver'];
  const ends = await Promise.allSettled(tracks.map(async (track) => {
    for (const planned of options.schedule[track]) {
      if (life.broken || Date.now() + planned.holdMs > until) break;
      try {
        const note = await one(options.world, planned);
        notes.push(note);
        options.onFault(note);
      } catch (error) {
        // The other tracks heal what they are at; nothing new begins.
        life.broken = true;
        throw new Error(`${planned.kind} broke off`, { cause: error });
      }
      await sleep(planned.quietMs);
    }
  }));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return notes.sort((a, b) => a.startedMs - b.startedMs);
}

async function one(world: World, planned: PlannedFault): Promise<FaultNote> {
  const { kind } = planned;
  const startedMs = Date.now();
  const detail = await injections[kind](world, planned);
  const healedMs = Date.now();
  if (ruleOf(kind).track === 'process') await untilServed(world.noter.notes, healedMs);
  return { kind, detail, startedMs, healedMs, untilMs: Date.now() };
}

/** Until a probe of each tenant that began after the healing was answered. */
async function untilServed(
  notes: ReadonlyMap<string, RequestNote>, healedMs: number,
): Promise<void> {
  const until = healedMs + backWithinMs;
  while (Date.now() < until) {
    const served = new Set<string>();
    for (const { request, tenant, answered, startedMs } of notes.values()) {
      if (request.startsWith('p') && answered && startedMs >= healedMs) served.add(tenant);
    }
    if (served.size === tenants.length) return;
    await sleep(100);
  }
}
