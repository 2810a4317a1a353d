// What every slice of the edge needs, made once per process.
import { type VirtualKey } from '@libs/governance/state';
import { partitionOf } from '@libs/events/subjects';
import { type LinePosition } from '@libs/events/content';
import { type KeepTempo, tempoOf, usualTempo } from '@libs/content-keys/kept-until';
import { type SubjectKeys } from '@libs/content-keys/subject-keys';
import { webhookRetryDelaysMs } from '@libs/jobs/webhook-schedule';
import { type EventLog } from '@libs/log/log';
import { CodeFlow } from '@libs/oidc/code-flow';
import { egressFetch } from '@libs/oidc/egress-fetch';
import { Issuers } from '@libs/oidc/issuer';
import { Sealer } from '@libs/oidc/sealed';
import { egressProxy } from '@libs/settings/egress-proxy';
import { type Signals } from '@libs/signals/signals';
import { type Health } from '@libs/telemetry/health';
import { type Logger } from '@libs/telemetry/logger';
import { type Registry } from '@libs/telemetry/metrics';
import { type FastifyRequest } from 'fastify';
import { type IngressSettings } from '../settings';
import { Admission } from './admission';
import { Appends } from './appends';
import { noteAsking } from './asking';
import { authenticate } from './authenticate';
import { BodyRoom } from './body-room';
import { Cluster } from './cluster';
import { ContentSweeper } from './content-sweeper';
import { Denials } from './denials';
import { Erasures } from './erasures';
import { GovernanceFold } from './governance-fold';
import { type JobArchive } from './job-archive';
import { LiveStreams } from './live-streams';
import { EdgeMetrics } from './metrics';
import { type Outcome } from './outcome';
import { RateReadings } from './rate-readings';
import { type ContentSources } from './read-content';
import { readOutcome } from './read-outcome';
import { type HttpRefusal, refusal } from './refusal';
import { TimeZones } from './time-zones';
import { Waiters } from './waiters';

export interface EdgeParts {
  readonly log: EventLog;
  readonly signals: Signals;
  readonly partitionCount: number;
  readonly instance: string;
  readonly settings: IngressSettings;
  readonly archive: JobArchive;
  readonly subjectKeys: SubjectKeys;
  readonly health: Health;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly now: () => number;
  /** The governance fold cannot go on. */
  readonly onStopped: (error: unknown) => void;
  /** What the log survives; measured, not assumed. */
  readonly durability: string;
}

export class Edge {
  readonly log: EventLog;
  readonly signals: Signals;
  readonly instance: string;
  readonly settings: IngressSettings;
  readonly archive: JobArchive;
  readonly subjectKeys: SubjectKeys;
  readonly health: Health;
  readonly logger: Logger;
  readonly now: () => number;
  readonly governance: GovernanceFold;
  readonly erasures: Erasures;
  readonly tempo: KeepTempo;
  readonly sweeper: ContentSweeper;
  readonly waiters: Waiters;
  readonly admission: Admission;
  readonly bodies: BodyRoom;
  readonly appends: Appends;
  readonly denials: Denials;
  readonly metrics: EdgeMetrics;
  readonly streams = new LiveStreams();
  readonly cluster: Cluster;
  /** Whose logins are taken for administration. */
  readonly issuers: Issuers;
  readonly codeFlow: CodeFlow;
  /** Seals what browsers keep for us. */
  readonly sealer: Sealer;
  readonly timeZones: TimeZones;
  readonly rates: RateReadings;

  constructor(readonly parts: EdgeParts) {
    const { log, signals, instance, settings, logger, now, archive } = parts;
    this.log = log;
    this.signals = signals;
    this.instance = instance;
    this.settings = settings;
    this.archive = archive;
    this.subjectKeys = parts.subjectKeys;
    this.health = parts.health;
    this.logger = logger;
    this.now = now;
    this.governance = new GovernanceFold(log, now, parts.onStopped, (events) => {
      this.erasures.take(events);
    });
    this.erasures = new Erasures({
      governance: () => this.governance, subjectKeys: parts.subjectKeys, logger, now,
    });
    this.tempo = settings.HOLDFAST_CONTENT_TEMPO_MS === undefined
      ? usualTempo(webhookRetryDelaysMs.reduce((sum, ms) => sum + ms, 0))
      : tempoOf(settings.HOLDFAST_CONTENT_TEMPO_MS);
    this.sweeper = new ContentSweeper({
      log, logger, now, store: parts.subjectKeys.store, keys: parts.subjectKeys.keys,
      skewMs: this.tempo.skewMs,
    });
    this.timeZones = new TimeZones(this.governance, logger);
    this.waiters = new Waiters({
      signals, instance, logger, archive, now, read: (job, position) => this.read(job, position),
    });
    this.cluster = new Cluster(signals, now);
    this.bodies = new BodyRoom(settings.HOLDFAST_BODIES_MAX_BYTES);
    this.admission = new Admission({
      log, signals, logger,
      waitingMax: settings.HOLDFAST_WAITING_MAX,
      openJobsMax: settings.HOLDFAST_QUEUE_MAX,
      openJobs: () => this.cluster.openJobs,
    });
    this.appends = new Appends({
      log, signals, logger, now, partitionOf: (tenant) => this.partitionOf(tenant),
    });
    const fetchBy = egressFetch(egressProxy(settings));
    this.issuers = new Issuers({ fetch: fetchBy, now });
    this.codeFlow = new CodeFlow(this.issuers, fetchBy);
    this.sealer = new Sealer(settings.HOLDFAST_MASTER_KEY.reveal());
    this.rates = new RateReadings({
      signals, logger, now, partitionOf: (tenant) => this.partitionOf(tenant),
      governance: () => this.governance.state,
    });
    this.denials = new Denials(log, logger, now);
    this.metrics = new EdgeMetrics(parts.registry, this.admission);
  }

  async start(): Promise<void> {
    this.waiters.start();
    this.appends.start();
    this.streams.start();
    this.cluster.start();
    await this.governance.start();
    this.erasures.start();
    this.sweeper.start();
    this.timeZones.start();
    await this.admission.start();
  }

  async stop(): Promise<void> {
    await this.denials.flush();
    this.waiters.stop();
    this.appends.stop();
    this.streams.stop();
    this.cluster.stop();
    this.admission.stop();
    await this.erasures.stop();
    await this.sweeper.stop();
    this.timeZones.stop();
    await this.governance.stop();
  }

  partitionOf(tenant: string): number {
    return partitionOf(tenant, this.parts.partitionCount);
  }

  /** Where content is read from. */
  get contentSources(): ContentSources {
    return { log: this.log, archive: this.archive, keys: this.subjectKeys.keys };
  }

  read(job: string, position: LinePosition): Promise<Outcome> {
    return readOutcome(this.contentSources, job, position);
  }

  /** The key that asks; a refused one is counted for events.access. */
  authenticate(request: FastifyRequest): VirtualKey | HttpRefusal {
    const found = authenticate(this.governance.state, request.headers, this.now());
    if (!('refusal' in found)) {
      noteAsking(request, found.id, null);
      return found;
    }
    const { refusal: refused, key } = found;
    const about = { key: key?.id ?? null, tenant: key?.tenant ?? 'default' };
    this.denials.note({ source: request.ip, ...about, reason: refused.code });
    return refused;
  }

  /** A 403 for a known key, counted. */
  forbid(key: VirtualKey, request: FastifyRequest, message: string): HttpRefusal {
    const { id, tenant } = key;
    this.denials.note({ source: request.ip, key: id, tenant, reason: 'not_allowed' });
    return refusal(403, 'not_allowed', message);
  }
}
