// Large content and snapshots in JetStream object buckets.
import { type ObjectStore, Objm } from '@nats-io/obj';
import { type NatsConnection } from '@nats-io/transport-node';
import { Fault } from '@libs/faults/faults';

export const contentBucket = 'content';
export const snapshotBucket = 'snapshots';

/** Named blobs of one bucket. */
export class BlobStore {
  #store: Promise<ObjectStore> | null = null;

  constructor(private readonly nc: NatsConnection, private readonly bucket: string) {}

  async put(name: string, data: Uint8Array): Promise<void> {
    await this.#using(async (store) => {
      await store.putBlob({ name }, data, { timeout: 10_000 });
    });
  }

  async has(name: string): Promise<boolean> {
    return this.#using(async (store) => {
      const info = await store.info(name);
      return info !== null && !info.deleted;
    });
  }

  async get(name: string): Promise<Buffer | null> {
    return this.#using(async (store) => {
      const data = await store.getBlob(name);
      return data === null ? null : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
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
    if (!(await this.#blobs.has(sha256))) await this.#blobs.put(sha256, data);
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
