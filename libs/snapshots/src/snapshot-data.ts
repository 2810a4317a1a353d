// A fold's state as bytes and back: one line that says what it is, then its items as compressed
// lines of JSON. Governance is not in it: it is never trimmed, and folded from its start.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  healthItemsOf, itemsOf, type Restored, restoreItem, type SnapshotItem,
} from '@libs/routing/partition-snapshot';
import { foldVersion } from '@libs/routing/partition-state';
import { type FoldedPosition, newWorld, type World } from '@libs/routing/world';

export interface SnapshotHead {
  readonly foldVersion: number;
  readonly partitionCount: number;
  readonly position: FoldedPosition;
  /** SHA-256 of everything after this line, as stored (compressed). */
  readonly sha256: string;
}

export interface SnapshotData {
  readonly head: SnapshotHead;
  readonly items: number;
  readonly data: Buffer;
}

/** About 2 ms of work; 20 ms would be felt by those who wait. */
const itemsPerSlice = 200;
/** In a thread of its own; 30 MB of ended jobs become 3, each minute through the synced log. */
const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The world as it is when this is called: it may go on while its text is made. */
export async function snapshotOf(world: World, position: FoldedPosition): Promise<SnapshotData> {
  // The moment of the snapshot: references only, in this turn of the event loop.
  const items = [...world.partitions.flatMap(itemsOf), ...healthItemsOf(world.load)];
  const body = await compress(await textOf(items), { level: 1 });
  const head: SnapshotHead = {
    foldVersion, partitionCount: world.partitions.length, position, sha256: sha256Of(body),
  };
  const data = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
  return { head, items: items.length, data };
}

export function snapshotHead(data: Buffer): SnapshotHead {
  return JSON.parse(data.subarray(0, data.indexOf(10)).toString()) as SnapshotHead;
}

/** The world without its governance, or why this snapshot cannot be used. */
export async function worldOfSnapshot(
  data: Buffer, partitionCount: number,
): Promise<World | string> {
  const head = snapshotHead(data);
  const body = data.subarray(data.indexOf(10) + 1);
  if (head.partitionCount !== partitionCount) return 'made for other partitions';
  if (sha256Of(body) !== head.sha256) return 'its hash differs';
  return worldOf(head, await decompress(body));
}

async function textOf(items: readonly SnapshotItem[]): Promise<Buffer> {
  const slices: Buffer[] = [];
  for (let from = 0; from < items.length; from += itemsPerSlice) {
    const slice = items.slice(from, from + itemsPerSlice);
    slices.push(Buffer.from(`${slice.map((item) => JSON.stringify(item)).join('\n')}\n`));
    await nextTurn();
  }
  return Buffer.concat(slices);
}

function worldOf(head: SnapshotHead, body: Buffer): World | string {
  if (head.foldVersion !== foldVersion) return `made by fold version ${head.foldVersion}`;
  const world = newWorld(head.partitionCount);
  const restored: Restored = { partitions: new Map(), load: world.load };
  for (let from = 0; from < body.length;) {
    const to = body.indexOf(10, from);
    const item = JSON.parse(body.subarray(from, to).toString()) as SnapshotItem;
    restoreItem(restored, item);
    from = to + 1;
  }
  return {
    ...world,
    partitions: world.partitions.map((fresh) => restored.partitions.get(fresh.partition) ?? fresh),
    position: head.position,
  };
}

function sha256Of(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
