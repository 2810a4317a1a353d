// Makes a lost stream again, commit by commit under the sequences they had. While that goes on the
// stream takes nothing from services: its subjects have a prefix, which the server takes off.
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { headers, nanos, type NatsConnection } from '@nats-io/transport-node';
import { allSubjects, streamName } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { storedAtHeader } from './stored-at';
import { closeGap, restorePrefix } from './sequence-gap';
import {
  clusterBucket, compare, createWorkersConsumer, ensureBuckets, ensurePartitions, ensureTopology,
  streamConfig, type Topology, type TopologyOptions,
} from './topology';

/** A commit as the archive has it. */
export interface RestoredCommit {
  readonly sequence: number;
  readonly subject: string;
  /** Empty: the message had none. */
  readonly msgId: string;
  readonly appendedAtMs: number;
  readonly bytes: Uint8Array;
}

export interface RestorePlan {
  /** Of the first commit: the stream begins there. */
  readonly firstSequence: number;
  /** What is restored, in a word: another one than an unfinished restore's begins anew. */
  readonly fingerprint: string;
}

export type StreamOptions = Omit<TopologyOptions, 'partitions'>;

/** On their way at the same time; their order is safe, each names the sequence before its own. */
const inFlightMax = 512;
const inFlightBytesMax = 8 * 1024 * 1024;
const ackTimeoutMs = 30_000;
/** The shortest that the server takes: what was once repeated after hours must not be dropped now. */
const duplicateWindowMs = 100;
const fingerprintKey = 'holdfast-restore';

export class StreamRestore {
  #next: number;

  private constructor(
    private readonly nc: NatsConnection, private readonly jsm: JetStreamManager,
    private readonly topology: StreamOptions, next: number,
  ) {
    this.#next = next;
  }

  /**
   * Takes an unfinished restore up again; else makes the stream, if none is there or an empty one.
   * @throws Fault log_conflict when the stream holds something; server_incapable before 2.10.
   */
  static async begin(
    nc: NatsConnection, topology: StreamOptions, plan: RestorePlan,
  ): Promise<StreamRestore> {
    const jsm = await jetstreamManager(nc);
    await ensureBuckets(nc, topology.replicas);
    const present = await jsm.streams.info(streamName).catch(() => null);
    if (present !== null) {
      const { state, config } = present;
      const unfinished = isClosed(config);
      if (unfinished && config.metadata?.[fingerprintKey] === plan.fingerprint) {
        return new StreamRestore(nc, jsm, topology, state.last_seq + 1);
      }
      if (!unfinished && state.last_seq > 0) {
        throw new Fault('log_conflict',
          `the stream ${streamName} is there and holds commits up to ${state.last_seq}`);
      }
      await jsm.streams.delete(streamName);
    }
    const wanted = closedConfig(topology, plan);
    const { config } = await jsm.streams.add({ ...wanted }).catch((error: unknown) => {
      throw new Fault('server_incapable', `the server refused to make the stream: ${String(error)}`);
    });
    const what = `stream ${streamName} (2.10 or newer is needed to restore)`;
    compare(what, without(wanted, 'metadata'), config);
    return new StreamRestore(nc, jsm, topology, plan.firstSequence);
  }

  /** The sequence that the next commit may have at least. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Appends commits in ascending order; sequences that none of them has stay empty. */
  async append(commits: readonly RestoredCommit[]): Promise<void> {
    let batch: RestoredCommit[] = [];
    let bytes = 0;
    for (const commit of commits) {
      const follows = commit.sequence === this.#next + batch.length;
      if (!follows || batch.length >= inFlightMax || bytes >= inFlightBytesMax) {
        await this.#publish(batch);
        batch = [];
        bytes = 0;
        await closeGap(this.nc, this.jsm, { from: this.#next, to: commit.sequence });
        this.#next = commit.sequence;
      }
      batch.push(commit);
      bytes += commit.bytes.length;
    }
    await this.#publish(batch);
  }

  /** The stored commits from the start, for comparing them with the archive. */
  async *stored(): AsyncGenerator<RestoredCommit> {
    const lastSequence = this.#next - 1;
    const consumer = await this.jsm.jetstream().consumers.get(streamName);
    const messages = await consumer.consume({ max_bytes: inFlightBytesMax });
    for await (const message of messages) {
      yield {
        sequence: message.seq,
        subject: message.subject,
        msgId: message.headers?.get('Nats-Msg-Id') ?? '',
        appendedAtMs: Number(message.headers?.get(storedAtHeader) ?? 0),
        bytes: message.data,
      };
      if (message.seq === lastSequence) return;
    }
  }

  /**
   * Opens the stream for services, with all that stands beside it.
   * @throws Fault log_conflict when other partitions are known than the archive has.
   */
  async open({ partitions, workFrom }: {
    readonly partitions: number;
    /** Everything before this has its end and is not given out again. */
    readonly workFrom: number;
  }): Promise<Topology> {
    await createWorkersConsumer(this.jsm, workFrom);
    const known = await ensurePartitions(this.nc, partitions);
    if (known !== partitions) {
      throw new Fault('log_conflict',
        `the bucket ${clusterBucket} says ${known} partitions, the archive has ${partitions}`);
    }
    const { config } = await this.jsm.streams.info(streamName);
    const metadata = without(config.metadata ?? {}, fingerprintKey);
    await this.jsm.streams.update(streamName, {
      ...without(config, 'subject_transform'), ...streamConfig(this.topology), metadata,
    });
    return await ensureTopology(this.nc, { ...this.topology, partitions });
  }

  async #publish(commits: readonly RestoredCommit[]): Promise<void> {
    await Promise.all(commits.map((commit) => this.#publishOne(commit)));
    this.#next += commits.length;
  }

  async #publishOne(commit: RestoredCommit): Promise<void> {
    const fields = headers();
    if (commit.msgId !== '') fields.set('Nats-Msg-Id', commit.msgId);
    fields.set(storedAtHeader, String(commit.appendedAtMs));
    fields.set('Nats-Expected-Last-Sequence', String(commit.sequence - 1));
    const answer = await this.nc.request(`${restorePrefix}${commit.subject}`, commit.bytes, {
      headers: fields, timeout: ackTimeoutMs,
    });
    const { seq, error, duplicate } = answer.json<
      { seq?: number; duplicate?: boolean; error?: { description?: string } }>();
    if (seq === commit.sequence && duplicate !== true) return;
    throw new Fault('log_unavailable', `commit ${commit.sequence} was not stored: ${
      error?.description ?? `it came to stand at ${String(seq)}`}`);
  }
}

function isClosed(config: StreamConfig): boolean {
  return config.subjects.length === 1 && config.subjects[0] === `${restorePrefix}${allSubjects}`;
}

function closedConfig(topology: StreamOptions, { firstSequence, fingerprint }: RestorePlan) {
  return {
    ...streamConfig(topology),
    subjects: [`${restorePrefix}${allSubjects}`],
    subject_transform: { src: `${restorePrefix}>`, dest: '>' },
    first_seq: firstSequence,
    // Fillers of gaps are deleted again.
    deny_delete: false,
    duplicate_window: nanos(duplicateWindowMs),
    metadata: { [fingerprintKey]: fingerprint },
  } satisfies Partial<StreamConfig>;
}

function without<T extends object, K extends keyof T>(whole: T, name: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name)) as Omit<T, K>;
}
