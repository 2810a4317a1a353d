// What must exist in NATS: made by the admin user, compared with what the server says it made.
import {
  type ConsumerConfig, type JetStreamManager, jetstreamManager, type StreamConfig,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { Objm } from '@nats-io/obj';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { allSubjects, streamName, subjects } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { keyStream, keyStreamConfig } from './key-bucket';
import { leaseBucket, leaseTtlMs } from './lease';
import { contentBucket, snapshotBucket } from './object-store';

export const clusterBucket = 'cluster';
export const partitionsKey = 'partitions';
export const workersConsumer = 'workers';

export interface TopologyOptions {
  /** Fixed when the stream is made; later calls keep what is there. */
  readonly partitions: number;
  readonly replicas: number;
  /** Room of the stream; never made smaller. */
  readonly maxBytes: number;
}

export interface Topology {
  readonly partitionCount: number;
  readonly maxBytes: number;
  /** True when the stream was made by this call. */
  readonly created: boolean;
}

/** Serves repeats of publishes of unknown end; it is not the idempotency of requests. */
const duplicateWindowMs = 10 * 60_000;

/**
 * Makes what is missing and checks what is there. Safe to call at each start, from several places.
 * @throws Fault server_incapable when the server made something else than it was asked for.
 */
export async function ensureTopology(
  admin: NatsConnection, options: TopologyOptions,
): Promise<Topology> {
  const jsm = await jetstreamManager(admin);
  const stream = await ensureStream(jsm, options);
  await ensureBuckets(admin, options.replicas);
  await ensureWorkersConsumer(jsm);
  const partitionCount = await ensurePartitions(admin, options.partitions);
  return { ...stream, partitionCount };
}

/** Configuration of the shared consumer of work. */
export function workersConfig(): Partial<ConsumerConfig> & { durable_name: string } {
  return {
    durable_name: workersConsumer,
    filter_subject: subjects.job('*', 'routed'),
    ack_policy: 'explicit',
    deliver_policy: 'all',
    ack_wait: nanos(10_000),
    // A commit that is never acked comes back for ever; its jobs have a cap of their own.
    max_deliver: -1,
    // Above what all workers hold: 32 jobs per commit make this a million jobs.
    max_ack_pending: 32_768,
  };
}

/**
 * Makes it, or checks the one that is there; `changes` are for tests and other consumers. Where it
 * began to give out work stays: on a restored log not at the start.
 */
export async function ensureWorkersConsumer(
  jsm: JetStreamManager, changes: Partial<ConsumerConfig> = {},
): Promise<void> {
  const named = { ...workersConfig(), ...changes };
  const present = await jsm.consumers.info(streamName, named.durable_name)
    .then(({ config }) => config, () => null);
  const wanted = present?.opt_start_seq === undefined ? named : {
    ...named, deliver_policy: present.deliver_policy, opt_start_seq: present.opt_start_seq,
  };
  const { config } = await jsm.consumers.add(streamName, { ...wanted });
  compare(`consumer ${wanted.durable_name}`, wanted, config);
}

/** On a restored log: everything before `firstSequence` has its end. */
export async function createWorkersConsumer(
  jsm: JetStreamManager, firstSequence: number,
): Promise<void> {
  const wanted = {
    ...workersConfig(), deliver_policy: 'by_start_sequence' as const, opt_start_seq: firstSequence,
  };
  const { config } = await jsm.consumers.add(streamName, wanted);
  compare(`consumer ${workersConsumer}`, wanted, config);
}

async function ensureStream(
  jsm: JetStreamManager, options: TopologyOptions,
): Promise<{ maxBytes: number; created: boolean }> {
  const wanted = streamConfig(options);
  const present = await jsm.streams.info(streamName).then(({ config }) => config, () => null);
  if (present === null) {
    const { config } = await jsm.streams.add({ ...wanted });
    compare('stream EVENTS', wanted, config);
    return { maxBytes: config.max_bytes, created: true };
  }
  const kept = { ...wanted, max_bytes: Math.max(wanted.max_bytes, present.max_bytes) };
  if (present.max_bytes === -1) kept.max_bytes = -1;
  const changed = kept.max_bytes !== present.max_bytes || kept.num_replicas !== present.num_replicas;
  const { config } = changed
    ? await jsm.streams.update(streamName, { ...present, ...kept })
    : { config: present };
  compare('stream EVENTS', kept, config);
  return { maxBytes: config.max_bytes, created: false };
}

export function streamConfig(options: Omit<TopologyOptions, 'partitions'>) {
  return {
    name: streamName,
    subjects: [allSubjects],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    deny_delete: true,
    allow_direct: true,
    max_age: 0,
    max_bytes: options.maxBytes,
    num_replicas: options.replicas,
    duplicate_window: nanos(duplicateWindowMs),
  } satisfies Partial<StreamConfig>;
}

/** Made before the number of partitions is: services wait for that one. */
export async function ensureBuckets(admin: NatsConnection, replicas: number): Promise<void> {
  const kvm = new Kvm(admin);
  await kvm.create(clusterBucket, { replicas, history: 1 });
  const leases = await kvm.create(leaseBucket, { replicas, history: 1, ttl: leaseTtlMs });
  const { ttl } = await leases.status();
  if (ttl !== leaseTtlMs) {
    throw new Fault('server_incapable', `bucket leases: wanted ttl ${leaseTtlMs} ms, got ${ttl}`);
  }
  const objm = new Objm(admin);
  for (const bucket of [contentBucket, snapshotBucket]) {
    await objm.create(bucket, { replicas });
  }
  await ensureKeyStream(await jetstreamManager(admin), replicas);
}

async function ensureKeyStream(jsm: JetStreamManager, replicas: number): Promise<void> {
  const wanted = keyStreamConfig(replicas);
  const present = await jsm.streams.info(keyStream).then(({ config }) => config, () => null);
  const { config } = present === null
    ? await jsm.streams.add({ ...wanted })
    : await jsm.streams.update(keyStream, { ...present, ...wanted });
  compare(`bucket ${keyStream}`, wanted, config);
}

/** The number that counts: the one that is there already, else this one. */
export async function ensurePartitions(admin: NatsConnection, partitions: number): Promise<number> {
  const bucket = await new Kvm(admin).open(clusterBucket);
  const present = await bucket.get(partitionsKey);
  if (present !== null) return Number(present.string());
  try {
    await bucket.create(partitionsKey, String(partitions));
    return partitions;
  } catch (error) {
    // Another maker was first: its number counts.
    const entry = await bucket.get(partitionsKey);
    if (entry === null) throw error;
    return Number(entry.string());
  }
}

/** Old servers accept and ignore what they do not know: what they echo must be what was asked. */
export function compare(what: string, wanted: object, made: object): void {
  const echoed = new Map(Object.entries(made));
  const different = Object.entries(wanted)
    .filter(([key, value]) => value !== undefined
      && JSON.stringify(echoed.get(key) ?? null) !== JSON.stringify(value))
    .filter(([key, value]) => !(value === 0 && echoed.get(key) === undefined) && key !== 'name')
    .map(([key, value]) => `${key}: wanted ${JSON.stringify(value)}, got ${JSON.stringify(echoed.get(key))}`);
  if (different.length === 0) return;
  throw new Fault('server_incapable', `${what} is not as asked for: ${different.join('; ')}`);
}
