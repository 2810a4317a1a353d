// Makes identifiers, at the edges only: UUIDv7 (time-ordered) with a prefix that says what it is.
import { randomFillSync } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';

/** Randomness is fetched 512 ids at a time: alone, each id of a busy service cost it 9 µs. */
const pool = new Uint8Array(16 * 512);
let poolAt = pool.length;
let sequence = 0;

function v7(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const random = pool.subarray(poolAt, poolAt += 16);
  // Counts up, so that ids of one process and millisecond keep their order.
  sequence = (sequence + 1) >>> 0;
  return uuidV7({ msecs: Date.now(), seq: sequence, random });
}

export const newEventId = (): string => v7();
export const newJobId = (): string => `job_${v7().replaceAll('-', '')}`;
export const newAttemptId = (): string => `att_${v7().replaceAll('-', '')}`;
export const newExportId = (): string => `exp_${v7().replaceAll('-', '')}`;
export const newErasureId = (): string => `era_${v7().replaceAll('-', '')}`;
export const newInstanceId = (service: string): string => `${service}-${v7().slice(-12)}`;
