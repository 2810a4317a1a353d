// The bucket of wrapped data keys. A stream of its own, in the shape of a KV bucket, because a bucket
// that the KV client makes refuses to delete messages: here what is destroyed is overwritten on disk.
import {
  type JetStreamClient, jetstream, JetStreamApiError, type JetStreamManager, jetstreamManager,
  type StoredMsg, type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { KeyStore, type StoredKey } from '@libs/content-keys/key-store';
import { timeOfKey } from '@libs/content-keys/timed-name';
import { Fault } from '@libs/faults/faults';

const keyBucket = 'content-keys';
export const keyStream = `KV_${keyBucket}`;
const prefix = `$KV.${keyBucket}.`;

export function keyStreamConfig(replicas: number) {
  return {
    name: keyStream,
    subjects: [`${prefix}>`],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    // Two, not one: what is replaced is then overwritten where it stands, and not only dropped.
    max_msgs_per_subject: 2,
    allow_direct: true,
    deny_delete: false,
    num_replicas: replicas,
  } satisfies Partial<StreamConfig>;
}

// Codes of the server's errors.json; they do not change once published.
const wrongLastSequence = [10071, 10164];
const noMessage = [10037, 10043, 10057];

/** A key is a few hundred bytes: a server that is well answers within milliseconds. */
const timeoutMs = 2_000;

/** Over a connection of its own, for a bucket that is there. */
export async function openKeyStore(nc: NatsConnection): Promise<JetStreamKeyStore> {
  return new JetStreamKeyStore(nc, await jetstreamManager(nc, { checkAPI: false }));
}

export class JetStreamKeyStore extends KeyStore {
  readonly #js: JetStreamClient;

  constructor(nc: NatsConnection, private readonly jsm: JetStreamManager) {
    super();
    this.#js = jetstream(nc, { timeout: timeoutMs });
  }

  async get(name: string): Promise<string | null> {
    return this.#using(async () => (await this.#lastOf(name))?.string() ?? null);
  }

  async create(name: string, value: string): Promise<boolean> {
    return this.#using(() => this.#publish(name, value, 0));
  }

  async replace(name: string, value: string): Promise<void> {
    await this.#using(async () => {
      const before = await this.#lastOf(name);
      if (!await this.#publish(name, value, before?.seq ?? 0)) {
        throw new Error(`${name} was changed by another`);
      }
      if (before !== null) await this.#erase(before.seq);
    });
  }

  async destroy(name: string, isMeant: (value: string) => boolean): Promise<void> {
    await this.#using(async () => {
      // More than one where a replacing was interrupted.
      for (;;) {
        const found = await this.#ofLeader(name);
        if (found === null || !isMeant(found.string())) return;
        await this.#erase(found.seq);
      }
    });
  }

  async namesUnder(name: string): Promise<string[]> {
    return this.#using(async () => [
      ...await this.#namesLike(name), ...await this.#namesLike(`${name}.>`),
    ]);
  }

  async timedNames(): Promise<string[]> {
    return this.#using(async () =>
      (await this.#namesLike('*.*')).filter((name) => timeOfKey(name) !== null));
  }

  async *entries(): AsyncGenerator<StoredKey> {
    for (let sequence = 1; ;) {
      const entry = await this.entryFrom(sequence);
      if (entry === null) return;
      yield entry;
      sequence = entry.sequence + 1;
    }
  }

  /** Which bucket it is (one that is made anew is another), and its last place. */
  async state(): Promise<{ readonly bucket: string; readonly lastSequence: number }> {
    return this.#using(async () => {
      const { created, state } = await this.jsm.streams.info(keyStream);
      return { bucket: created, lastSequence: state.last_seq };
    });
  }

  /** The first entry at or behind a place in the bucket; null at its end. */
  async entryFrom(sequence: number): Promise<StoredKey & { readonly sequence: number } | null> {
    return this.#using(async () => {
      const found = await this.jsm.direct.getMessage(keyStream, {
        seq: sequence, next_by_subj: `${prefix}>`,
      });
      return found === null ? null : {
        name: found.subject.slice(prefix.length), value: found.string(), sequence: found.seq,
      };
    });
  }

  async #namesLike(filter: string): Promise<string[]> {
    const { state } = await this.jsm.streams.info(keyStream, { subjects_filter: prefix + filter });
    return Object.keys(state.subjects ?? {}).map((one) => one.slice(prefix.length));
  }

  /** A replica that is behind has not what was made a moment ago: then the leader is asked. */
  async #lastOf(name: string): Promise<StoredMsg | null> {
    const query = { last_by_subj: prefix + name };
    return await this.jsm.direct.getMessage(keyStream, query) ?? this.#ofLeader(name);
  }

  async #ofLeader(name: string): Promise<StoredMsg | null> {
    try {
      return await this.jsm.streams.getMessage(keyStream, { last_by_subj: prefix + name });
    } catch (error) {
      if (error instanceof JetStreamApiError && noMessage.includes(error.code)) return null;
      throw error;
    }
  }

  async #publish(name: string, value: string, lastSubjectSequence: number): Promise<boolean> {
    try {
      await this.#js.publish(prefix + name, value, { expect: { lastSubjectSequence } });
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && wrongLastSequence.includes(error.code)) return false;
      throw error;
    }
  }

  /** Overwrites the message where it stands, then takes it out. */
  async #erase(sequence: number): Promise<void> {
    try {
      await this.jsm.streams.deleteMessage(keyStream, sequence, true);
    } catch (error) {
      if (error instanceof JetStreamApiError && noMessage.includes(error.code)) return;
      throw error;
    }
  }

  async #using<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const what = `the bucket ${keyBucket} did not answer: ${String(error)}`;
      throw new Fault('log_unavailable', what, { cause: error });
    }
  }
}
