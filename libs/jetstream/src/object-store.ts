// Large content and snapshots in JetStream object buckets.
import { type ObjectResult, type ObjectStore, Objm } from '@nats-io/obj';
import { type NatsConnection } from '@nats-io/transport-node';
import { Fault } from '@libs/faults/faults';

export const contentBucket = 'content';
export const snapshotBucket = 'snapshots';

/** A server under load sends a chunk within this; one that is not there is never sent. */
const silenceMsMax = 10_000;

/** Named blobs of one bucket. */
export class BlobStore {
  #store: Promise<ObjectStore> | null = null;

  constructor(private readonly nc: NatsConnection, private readonly bucket: string) {}

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
      const found = await store.get(name);
      return found === null ? null : readWhole(found);
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

  constructor(nc: NatsConnection) {
    this.#blobs = new BlobStore(nc, contentBucket);
  }

  async put(sha256: string, data: Uint8Array): Promise<void> {
    await this.#blobs.putOnce(sha256, data);
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
      void reader.cancel();
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }
}
