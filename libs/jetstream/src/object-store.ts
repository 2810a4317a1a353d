// Large content and snapshots in JetStream object buckets.
import { type ObjectResult, type ObjectStore, Objm } from '@nats-io/obj';
import { type NatsConnection } from '@nats-io/transport-node';
import { Fault } from '@libs/faults/faults';

export const contentBucket = 'content';
export const snapshotBucket = 'snapshots';

/** A server under load sends a chunk within this; one that is not there is never sent. */
const silenceMsMax = 10_000;

/**
 * The server cuts a connection off that has 64 MiB to take, and sends each reader up to 32 MiB
 * ahead: a busy process that reads many bodies at once would lose it, and everything with it.
 */
const readAheadBytesMax = 32 * 1024 * 1024;

const readAheads = new WeakMap<NatsConnection, ReadAhead>();

/** Named blobs of one bucket. */
export class BlobStore {
  #store: Promise<ObjectStore> | null = null;
  readonly #readAhead: ReadAhead;

  constructor(private readonly nc: NatsConnection, private readonly bucket: string) {
    this.#readAhead = readAheads.get(nc) ?? new ReadAhead();
    readAheads.set(nc, this.#readAhead);
  }

  async put(name: string, data: Uint8Array): Promise<void> {
    await this.#using(async (store) => {
      await store.putBlob({ name }, data, { timeout: 10_000 });
    });
  }

  /** Stores it unless it is there; of several that store the same at once one does. */
  async putOnce(name: string, data: Uint8Array): Promise<void> {
    await this.#using(async (store) => {
      const before = await store.info(name);
      if (before !== null && !before.deleted) return;
      // To replace it would take away the chunks that somebody may be reading.
      const previousRevision = before?.revision ?? 0;
      try {
        await store.putBlob({ name }, data, { timeout: 10_000, previousRevision });
      } catch (error) {
        const now = await store.info(name);
        if (now === null || now.deleted) throw error;
      }
    });
  }

  async get(name: string): Promise<Buffer | null> {
    return this.#using(async (store) => {
      const info = await store.info(name);
      if (info === null || info.deleted) return null;
      return this.#readAhead.within(info.size, async () => {
        const found = await store.get(name);
        return found === null ? null : readWhole(found);
      });
    });
  }

  /** Names, with size and time of storing (milliseconds since the epoch). */
  async list(): Promise<{ name: string; bytes: number; storedAtMs: number }[]> {
    return this.#using(async (store) => {
      const infos = await store.list();
      return infos.map(({ name, size, mtime }) => (
        { name, bytes: size, storedAtMs: Date.parse(mtime) }
      ));
    });
  }

  /** False when there was none. */
  async delete(name: string): Promise<boolean> {
    return this.#using(async (store) => (await store.delete(name)).success);
  }

  async #using<T>(work: (store: ObjectStore) => Promise<T>): Promise<T> {
    try {
      this.#store ??= new Objm(this.nc).open(this.bucket);
      return await work(await this.#store);
    } catch (error) {
      this.#store = null;
      const what = `the object store ${this.bucket} did not answer: ${String(error)}`;
      throw new Fault('log_unavailable', what, { cause: error });
    }
  }
}

/** Content by its SHA-256: what is there already is not stored again. */
export class ContentStore {
  readonly #blobs: BlobStore;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(nc: NatsConnection) {
    this.#blobs = new BlobStore(nc, contentBucket);
  }

  async put(sha256: string, data: Uint8Array): Promise<void> {
    const before = this.#underWay.get(sha256);
    if (before !== undefined) return before;
    const put = this.#blobs.putOnce(sha256, data)
      .finally(() => this.#underWay.delete(sha256));
    this.#underWay.set(sha256, put);
    return put;
  }

  get(sha256: string): Promise<Buffer | null> {
    return this.#blobs.get(sha256);
  }

  delete(sha256: string): Promise<boolean> {
    return this.#blobs.delete(sha256);
  }

  list(): Promise<{ name: string; bytes: number; storedAtMs: number }[]> {
    return this.#blobs.list();
  }
}

/** What is read at the same time over one connection, in the order it was asked for. */
class ReadAhead {
  #bytes = 0;
  readonly #queue: { bytes: number; start: () => void }[] = [];

  async within<T>(size: number, read: () => Promise<T>): Promise<T> {
    const bytes = Math.min(size, readAheadBytesMax);
    await new Promise<void>((start) => {
      this.#queue.push({ bytes, start });
      this.#startNext();
    });
    try {
      return await read();
    } finally {
      this.#bytes -= bytes;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || this.#bytes + next.bytes > readAheadBytesMax) return;
      this.#queue.shift();
      this.#bytes += next.bytes;
      next.start();
    }
  }
}

/** @throws when it is not whole, or does not come. */
async function readWhole({ data, error, info }: ObjectResult): Promise<Buffer> {
  // Said by the reader, too.
  error.catch(() => undefined);
  const reader = data.getReader();
  const chunks: Uint8Array[] = [];
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`chunks of ${info.name} are missing`));
      }, silenceMsMax);
    });
    try {
      const { done, value } = await Promise.race([reader.read(), silence]);
      if (done) return Buffer.concat(chunks);
      chunks.push(value);
    } catch (cause) {
      // A stream that ended with an error says so once more.
      reader.cancel().catch(() => undefined);
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }
}
