// The log as its administrator reaches it: to read all of it as evidence, and to do what only an
// administrator or an accident can do to it.
import {
  type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { patiently } from './patience';

/** A message of the log as stored. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly msgId: string;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

const workersConsumer = 'workers';
const keyStream = 'KV_content-keys';
const snapshotsStream = 'OBJ_snapshots';

export class AdminLog {
  private constructor(
    private readonly nc: NatsConnection, private readonly js: JetStreamClient,
    private readonly jsm: JetStreamManager,
  ) {}

  static async connect(url: string): Promise<AdminLog> {
    const { host, username, password } = new URL(url);
    const nc = await connect({
      servers: host, user: username, pass: decodeURIComponent(password), name: 'campaign',
      maxReconnectAttempts: -1, waitOnFirstConnect: true, reconnectTimeWait: 100,
    });
    return new AdminLog(nc, jetstream(nc), await jetstreamManager(nc, { checkAPI: false }));
  }

  /** Appends what no service would, and says where it stands. */
  async append(subject: string, bytes: Uint8Array, msgId: string): Promise<number> {
    // Asked again under its id, it is stored once.
    return patiently(`append to ${subject}`, async () => (
      (await this.js.publish(subject, bytes, { msgID: msgId })).seq));
  }

  /** Has the server hand out once more what it handed out last, while that is being worked on. */
  async deliverAgain(): Promise<boolean> {
    const { delivered, num_ack_pending: pending } = await this.#workers();
    if (pending === 0) return false;
    const place = `1.${delivered.stream_seq}.${delivered.consumer_seq}.0.0`;
    this.nc.publish(`$JS.ACK.${streamName}.${workersConsumer}.${place}`, '-NAK');
    return true;
  }

  /** How often a commit of work was handed out again. */
  async redelivered(): Promise<number> {
    return (await this.#workers()).num_redelivered;
  }

  async lastSequence(): Promise<number> {
    return (await this.#stream()).state.last_seq;
  }

  /** Leaves a tenth of what is stored as room; returns what takes that back. */
  async makeNearlyFull(): Promise<() => Promise<void>> {
    const { state, config } = await this.#stream();
    const limit = async (maxBytes: number): Promise<void> => {
      await patiently('limit of the log', () => (
        this.jsm.streams.update(streamName, { ...config, max_bytes: maxBytes })));
    };
    await limit(Math.floor(state.bytes / 0.9));
    return () => limit(config.max_bytes);
  }

  /** Forgets all snapshots of the routers' folds. */
  async dropSnapshots(): Promise<number> {
    return patiently('forget snapshots', async () => (
      (await this.jsm.streams.purge(snapshotsStream)).purged));
  }

  /** Everything from a sequence on, up to the end now. */
  async read(fromSequence: number): Promise<StoredMessage[]> {
    return this.#read(streamName, fromSequence);
  }

  /** Records of the bucket of wrapped data keys. */
  async contentKeys(): Promise<string[]> {
    const messages = await this.#read(keyStream, 1);
    return messages.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));
  }

  async #read(stream: string, fromSequence: number): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    const end = (await this.#stream(stream)).state.last_seq;
    if (end < fromSequence) return found;
    const consumer = await this.js.consumers.get(stream, { opt_start_seq: fromSequence });
    const messages = await consumer.consume({ max_messages: 500 });
    for await (const message of messages) {
      found.push({
        sequence: message.seq, subject: message.subject,
        msgId: message.headers?.get('Nats-Msg-Id') ?? '',
        atMs: message.time.getTime(),
        bytes: message.data.slice(),
      });
      if (message.seq >= end) break;
    }
    await messages.close();
    return found;
  }

  async close(): Promise<void> {
    await this.nc.close();
  }

  #stream(stream = streamName) {
    return patiently(`state of ${stream}`, () => this.jsm.streams.info(stream));
  }

  #workers() {
    return patiently('state of the workers’ consumer', () => (
      this.jsm.consumers.info(streamName, workersConsumer)));
  }
}
