// Faults of processes and of the log: kills, pauses, outages, clock jumps, poison, lack of room.
import { writeFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PlannedFault } from '../plan/schedule';
import { type PartName, type Product } from '../system/product';
import { lastLines, processTree, signal } from '../system/shell';
import { type World } from '../system/world';

/** Does its worst, holds, and heals; what was done, for people. */
export type Injection = (world: World, planned: PlannedFault) => Promise<string>;

const backWithinMs = 60_000;
const clockShiftMs = [20_000, 60_000] as const;

/** The supervisor starts it again. */
export function kill(part: PartName, name: NodeJS.Signals = 'SIGKILL'): Injection {
  return async ({ product }, { holdMs }) => {
    const pid = await product.pidOf(part);
    signal([pid], name);
    await sleep(holdMs);
    await untilAnotherPid(product, part, pid);
    return `${name} to ${part}`;
  };
}

export function pause(part: PartName): Injection {
  return async ({ product }, { holdMs }) => {
    const pids = part === 'postgres'
      ? await processTree(await product.pidOf(part)) : [await product.pidOf(part)];
    try {
      signal(pids, 'SIGSTOP');
      await sleep(holdMs);
    } finally {
      signal(pids, 'SIGCONT');
    }
    return `${part} stood still for ${seconds(holdMs)}`;
  };
}

/** Stopped properly, and again as soon as the supervisor has brought it back. */
export const stopPostgres: Injection = async ({ product }, { holdMs }) => {
  const until = Date.now() + holdMs * 4;
  let last = 0;
  while (Date.now() < until) {
    const pid = await product.pidNow('postgres') ?? last;
    if (pid !== last) signal([pid], 'SIGINT');
    last = pid;
    await sleep(200);
  }
  await untilAnotherPid(product, 'postgres', last);
  return `Postgres away for about ${seconds(holdMs * 4)}`;
};

export function jumpClock(part: PartName): Injection {
  return async ({ product }, { holdMs, draw }) => {
    const [least, most] = clockShiftMs;
    const size = Math.round(least + draw * (most - least));
    const shiftMs = Math.round(draw * 1_000) % 2 === 0 ? size : -size;
    const file = path.join(product.dataDir, 'clocks', part);
    await writeFile(file, String(shiftMs));
    try {
      await sleep(holdMs);
    } finally {
      await rm(file);
    }
    return `clock of ${part} ${shiftMs > 0 ? '+' : '-'}${seconds(Math.abs(shiftMs))}, and back`;
  };
}

export const deliverTwice: Injection = async ({ admin }, { holdMs }) => {
  const until = Date.now() + holdMs;
  let times = 0;
  while (Date.now() < until) {
    if (await admin.deliverAgain()) times += 1;
    await sleep(20);
  }
  return `${times} commits of work asked for again while they were being worked on`;
};

/** Bytes that no build will ever read, where the router's fold and the workers' consumer read. */
export const poison: Injection = async ({ admin, poison: own }, { holdMs, draw }) => {
  const partition = Math.floor(draw * 4);
  const garbage = Buffer.from(`{"id": poison ${draw} \u0000\u0001 no event at all`);
  const ofPartition = ['submitted', 'routed', 'settled'].map((kind) => `job.${partition}.${kind}`);
  const subjects = [...ofPartition, `webhook.${partition}`, 'governance'];
  for (const subject of subjects) {
    own.add(await admin.append(`events.${subject}`, garbage, `poison-${subject}-${draw}`));
  }
  await sleep(holdMs);
  return `garbage on ${subjects.length} subjects, four of partition ${partition}`;
};

export const fillLog: Injection = async ({ admin }, { holdMs }) => {
  const heal = await admin.makeNearlyFull();
  try {
    await sleep(holdMs);
  } finally {
    await heal();
  }
  return `the log's room shrunk to a tenth above what is stored for ${seconds(holdMs)}`;
};

export const fillDisk: Injection = async ({ disk }, { holdMs }) => {
  if (disk === null) throw new Error('there is no disk to fill');
  await disk.fill();
  try {
    await sleep(holdMs);
  } finally {
    await disk.empty();
  }
  return `no byte left on the log's disk for ${seconds(holdMs)}`;
};

export const losePower: Injection = async ({ disk, product }, { holdMs }) => {
  if (disk === null) throw new Error('there is no disk to lose');
  const pid = await product.pidOf('nats');
  signal([pid], 'SIGSTOP');
  try {
    await disk.losePower();
  } finally {
    signal([pid], 'SIGKILL');
  }
  await sleep(holdMs);
  await untilAnotherPid(product, 'nats', pid);
  return 'the log goes on from what its disk had got';
};

async function untilAnotherPid(
  product: Product, part: PartName, before: number,
): Promise<void> {
  const until = Date.now() + backWithinMs;
  while (Date.now() < until) {
    const pid = await product.pidNow(part);
    if (pid !== null && pid !== before) return;
    await sleep(50);
  }
  const log = part === 'nats' || part === 'postgres' ? `${part}/${part}.log` : `logs/${part}.log`;
  const end = await lastLines(path.join(product.dataDir, log));
  throw new Error(`${part} was not back within ${backWithinMs / 1_000} s; its log ends:\n${end}`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
