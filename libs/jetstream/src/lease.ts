// A lease in a KV bucket: at most one holder at a time as far as clocks and pauses allow. The log's
// fence, not the lease, is what keeps a paused ex-holder from writing.
import { JetStreamApiError } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type NatsConnection } from '@nats-io/transport-node';
import { Fault } from '@libs/faults/faults';

export const leaseBucket = 'leases';

/** Expires when not renewed for this long (the bucket's own limit). Renew every third of it. */
export const leaseTtlMs = 10_000;

/** Proof of holding; each renewal gives a new one. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly revision: number;
}

export class LeaseStore {
  #bucket: Promise<KV> | null = null;

  constructor(private readonly nc: NatsConnection) {}

  /** Null when another one holds it. A lease of `holder` itself is taken over. */
  async acquire(name: string, holder: string): Promise<Lease | null> {
    return this.#using(async (bucket) => {
      const held = await bucket.get(name);
      const free = held === null || held.operation !== 'PUT' || held.length === 0;
      if (free) return lease(name, holder, await bucket.create(name, holder));
      if (held.string() !== holder) return null;
      return lease(name, holder, await bucket.update(name, holder, held.revision));
    });
  }

  /**
   * Takes it from a holder that is known to be gone, before it expires; null when `from` does not
   * hold it any more. Safe because the fence, not the lease, keeps an ex-holder from writing.
   */
  async takeOver(name: string, holder: string, from: string): Promise<Lease | null> {
    return this.#using(async (bucket) => {
      const held = await bucket.get(name);
      if (held?.operation !== 'PUT' || held.string() !== from) return null;
      return lease(name, holder, await bucket.update(name, holder, held.revision));
    });
  }

  /** Null when it was lost: expired and perhaps taken by another. */
  async renew(held: Lease): Promise<Lease | null> {
    return this.#using(async (bucket) => (
      lease(held.name, held.holder, await bucket.update(held.name, held.holder, held.revision))
    ));
  }

  /** Gives it back, if it is still held. */
  async release(held: Lease): Promise<void> {
    await this.#using(async (bucket) => {
      await bucket.delete(held.name, { previousSeq: held.revision });
      return null;
    });
  }

  /** Who holds it now, null when nobody does. */
  async holderOf(name: string): Promise<string | null> {
    return this.#using(async (bucket) => {
      const held = await bucket.get(name);
      return held?.operation === 'PUT' ? held.string() : null;
    });
  }

  /** A lost race is null, everything else that fails is a fault. */
  async #using<T>(work: (bucket: KV) => Promise<T | null>): Promise<T | null> {
    try {
      this.#bucket ??= new Kvm(this.nc).open(leaseBucket);
      return await work(await this.#bucket);
    } catch (error) {
      if (error instanceof JetStreamApiError && [10071, 10164].includes(error.code)) return null;
      this.#bucket = null;
      throw new Fault('log_unavailable', `leases did not answer: ${String(error)}`, { cause: error });
    }
  }
}

function lease(name: string, holder: string, revision: number): Lease {
  return { name, holder, revision };
}
