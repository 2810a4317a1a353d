// Connects a service to the log and everything that lives beside it in NATS.
import { readFile } from 'node:fs/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import {
  connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { type Logger } from '@libs/telemetry/logger';
import { type Capabilities, capabilitiesOf, type Durability, readDurability } from './capabilities';
import { type WorkParts } from './consume-work';
import { CoreSignals } from './core-signals';
import { JetStreamLog } from './jetstream-log';
import { JetStreamKeyStore } from './key-bucket';
import { LeaseStore } from './lease';
import { Link } from './link';
import { BlobStore, ContentStore, snapshotBucket } from './object-store';
import { Publisher, publisherDefaults, type WhenUnreachable } from './publisher';
import { clusterBucket, partitionsKey } from './topology';

export interface LogSettings {
  /** nats://user:password@host:port, several separated by commas. */
  readonly urls: string;
  /** Shown by the server; service and instance. */
  readonly name: string;
  /** Paths of a credentials file and of a certificate authority. */
  readonly creds?: string | undefined;
  readonly ca?: string | undefined;
  /** http://host:port of the server's monitoring, for reading how durable it is. */
  readonly monitorUrl?: string | undefined;
  /** Default `fail-fast`. */
  readonly whenUnreachable?: WhenUnreachable;
}

export interface LogConnection {
  readonly log: JetStreamLog;
  readonly signals: CoreSignals;
  readonly partitionCount: number;
  readonly nc: NatsConnection;
  readonly link: Link;
  readonly durability: Durability;
  readonly capabilities: Capabilities;
  readonly leases: LeaseStore;
  readonly snapshots: BlobStore;
  readonly content: ContentStore;
  /** Wrapped data keys of content. */
  readonly keys: JetStreamKeyStore;
  /** For consumeWork and JetStreamStrategy. */
  readonly work: WorkParts;
  /** Ends when the connection is closed for good; the process should then exit non-zero. */
  closed(): Promise<unknown>;
  /** Waits for appends under way, then closes. */
  close(): Promise<void>;
}

/** Waits for the server as long as it takes. */
export async function connectNats(settings: LogSettings): Promise<NatsConnection> {
  return connect(await natsOptions(settings));
}

/** Waits also until the topology is there (its maker may start at the same time). */
export async function connectLog(settings: LogSettings, logger: Logger): Promise<LogConnection> {
  const nc = await connectNats(settings);
  const link = new Link(nc);
  link.listen((event) => logger.warn({ event }, `log connection: ${event.kind}`));
  const partitionCount = await readPartitionCount(nc, logger);
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const capabilities = capabilitiesOf(nc.info?.version ?? '0');
  const content = new ContentStore(nc);
  const publisher = new Publisher(
    link,
    { ...publisherDefaults, whenUnreachable: settings.whenUnreachable ?? 'fail-fast' },
    (subject, why) => logger.warn({ subject, why }, 'a publish of unknown end is repeated'),
  );
  const log = new JetStreamLog({
    link, jsm, publisher, content,
    severalFilters: capabilities.severalFilters,
    report: (problem) => logger.warn(problem),
  });
  return {
    log, nc, link, partitionCount, capabilities, content,
    work: { link, jsm, report: (problem, error) => logger.warn({ err: error }, problem) },
    signals: new CoreSignals(link, (error) => logger.error({ err: error }, 'a signal failed')),
    durability: await readDurability(settings.monitorUrl),
    keys: new JetStreamKeyStore(nc, jsm),
    leases: new LeaseStore(nc),
    snapshots: new BlobStore(nc, snapshotBucket),
    closed: () => nc.closed(),
    close: async () => {
      await log.close();
      // Without a server there is nobody to drain to.
      await (link.connected ? nc.drain() : nc.close());
    },
  };
}

async function natsOptions(settings: LogSettings): Promise<NodeConnectionOptions> {
  const addresses = settings.urls.split(',').map((url) => new URL(url.trim()));
  const [first] = addresses;
  const user = decodeURIComponent(first?.username ?? '');
  return {
    servers: addresses.map(({ host }) => host),
    name: settings.name,
    ...(user === '' ? {} : { user, pass: decodeURIComponent(first?.password ?? '') }),
    ...(settings.creds === undefined
      ? {} : { authenticator: credsAuthenticator(await readFile(settings.creds)) }),
    ...(settings.ca === undefined ? {} : { tls: { caFile: settings.ca } }),
    // The default gives up after about 20 s; a log that is away comes back.
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    pingInterval: 10_000,
    // Back within half a second, and not all services in the same millisecond.
    reconnectTimeWait: 100,
    reconnectJitter: 400,
    // An error trace per request costs more than the request.
    noAsyncTraces: true,
    // A wrong password may be repaired while we try.
    ignoreAuthErrorAbort: true,
  };
}

async function readPartitionCount(nc: NatsConnection, logger: Logger): Promise<number> {
  for (let round = 0; ; round += 1) {
    try {
      const bucket: KV = await new Kvm(nc).open(clusterBucket);
      const entry = await bucket.get(partitionsKey);
      if (entry !== null) return Number(entry.string());
    } catch (error) {
      if (nc.isClosed()) throw error;
      // Once at first, then each ten seconds.
      if (round % 20 === 1) logger.warn({ err: error }, 'waiting for the log to be set up');
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
