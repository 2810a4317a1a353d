// Names of the log's subjects (architecture.md, section 2), and which partition a tenant lives in.

export const streamName = 'EVENTS';
export const allSubjects = 'events.>';

/** Default number of partitions; fixed when the stream is made. */
export const partitionCountDefault = 4;
export const partitionCountMax = 64;

export type JobSubject = 'submitted' | 'routed' | 'attempted' | 'settled';

export const subjects = {
  job: (partition: number | '*', kind: JobSubject | '*'): string => `events.job.${partition}.${kind}`,
  webhook: (partition: number | '*'): string => `events.webhook.${partition}`,
  governance: 'events.governance',
  access: 'events.access',
  checkpoint: 'events.checkpoint',
} as const;

/** Partition of a subject like `events.job.3.routed`, null for subjects without one. */
export function partitionOfSubject(subject: string): number | null {
  const [, family, partition] = subject.split('.');
  if (family !== 'job' && family !== 'webhook') return null;
  const number = Number(partition);
  return Number.isInteger(number) ? number : null;
}

/** Stable partition of a tenant: FNV-1a, 32 bit, over UTF-16 units. Never change it. */
export function partitionOf(tenant: string, partitionCount: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < tenant.length; index += 1) {
    hash ^= tenant.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % partitionCount;
}
