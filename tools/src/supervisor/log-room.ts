// How much room the log is given when nobody says: a share of the disk, with a ceiling.
import { statfs } from 'node:fs/promises';

/** Beyond this a log wants a decision of its owner, not a default. */
const ceilingBytes = 50 * 1024 ** 3;
/** The rest is for the archive, large contents and everybody else on this disk. */
const shareOfFree = 0.7;
/** A NATS server that we do not run has limits that we do not know. */
export const foreignServerBytes = 10 * 1024 ** 3;

export async function defaultLogMaxBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.floor(Math.min(ceilingBytes, bavail * bsize * shareOfFree));
}
