// Fills a data directory's log with settled jobs, as fast as the server takes them: commits of 256
// events, made and published with the product's own libraries.
import path from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { partitionCountDefault, partitionOf, streamName, subjects } from '@libs/events/subjects';
import { connectNats } from '@libs/jetstream/connect';
import { publication } from '@libs/jetstream/publisher';
import { ensureTopology, workersConsumer } from '@libs/jetstream/topology';
import { draftOf, entryLines } from '@libs/log/group-commit';
import { commitBounds, type Entry } from '@libs/log/log';
import { findNatsServer } from '@libs/servers/find-nats-server';
import { startNats } from '@libs/servers/nats';
import { binDir } from '../root';
import {
  makeJob, type MadeJob, routedEntry, settledEntry, submittedEntry, tenantOf,
} from './settled-jobs';

export interface FilledLog {
  readonly events: number;
  readonly commits: number;
  readonly bytes: number;
  readonly tookS: number;
}

const eventsPerJob = 3;
/** Room for more than any of the runs writes. */
const maxBytes = 60 * 1024 ** 3;
const inFlightMax = 16;
/** Jobs are spread over the last days, as a log's are that grew. */
const everyMs = 20;

export async function fillLog(
  dataDir: string, events: number, say: (text: string) => void,
): Promise<FilledLog> {
  if (events === 0) return { events: 0, commits: 0, bytes: 0, tookS: 0 };
  const startedMs = performance.now();
  const nats = await startNats({
    // Where `holdfast up` keeps it; nothing of this must survive a power loss.
    binary: await findNatsServer({ binDir }), syncAlways: false,
    dataDir: path.join(dataDir, 'nats'),
  });
  try {
    const nc = await connectNats({ urls: nats.url, name: 'bench-fill' });
    await ensureTopology(nc, { partitions: partitionCountDefault, replicas: 1, maxBytes });
    const log = new Filling(nc);
    const groups = Math.ceil(events / (eventsPerJob * commitBounds.eventsMax));
    const fromMs = Date.now() - groups * commitBounds.eventsMax * everyMs;
    for (let group = 0; group < groups; group += 1) {
      await log.append(group, fromMs);
      if (group % 1_000 === 999) say(`  ${log.events.toLocaleString('en')} events written`);
    }
    await log.finish();
    await nc.close();
    const tookS = Math.round((performance.now() - startedMs) / 1_000);
    return { events: log.events, commits: log.commits, bytes: log.bytes, tookS };
  } finally {
    await nats.stop();
  }
}

/** The only writer: the order of its publishes is the order of the log. */
class Filling {
  events = 0;
  commits = 0;
  bytes = 0;
  #routed = 0;
  readonly #open = new Set<Promise<void>>();

  constructor(private readonly nc: NatsConnection) {}

  /** 256 jobs of one customer: three commits. */
  async append(group: number, fromMs: number): Promise<void> {
    const tenant = tenantOf(group);
    const partition = partitionOf(tenant, partitionCountDefault);
    const first = group * commitBounds.eventsMax;
    const jobs = Array.from({ length: commitBounds.eventsMax }, (_, index) =>
      makeJob(first + index, tenant, fromMs + (first + index) * everyMs));
    const submittedAt = this.commits + 1;
    const routed = (job: MadeJob, line: number): Entry =>
      routedEntry(job, { sequence: submittedAt, line });
    await this.#publish(subjects.job(partition, 'submitted'), jobs.map(submittedEntry));
    await this.#publish(subjects.job(partition, 'routed'), jobs.map(routed));
    await this.#publish(subjects.job(partition, 'settled'), jobs.map(settledEntry));
    this.#routed += 1;
  }

  /** All stored; what was routed is done, so no worker gets it again. */
  async finish(): Promise<void> {
    await Promise.all(this.#open);
    if (this.#routed === 0) return;
    const consumer = await jetstream(this.nc).consumers.get(streamName, workersConsumer);
    const messages = await consumer.consume({ max_bytes: 8 * 1024 * 1024 });
    let left = this.#routed;
    for await (const message of messages) {
      await message.ackAck();
      left -= 1;
      if (left === 0) break;
    }
  }

  async #publish(subject: string, entries: readonly Entry[]): Promise<void> {
    if (this.#open.size >= inFlightMax) await Promise.race(this.#open);
    const { payload, events } = draftOf(entries.map(entryLines));
    this.events += events;
    this.commits += 1;
    this.bytes += payload.length;
    const sequence = this.commits;
    const { headers } = publication(subject, payload, null);
    const answered = this.nc.request(subject, payload, { headers, timeout: 30_000 });
    const stored = answered.then((answer) => {
      const { seq } = answer.json<{ seq?: number }>();
      if (seq !== sequence) throw new Error(`commit ${sequence}: ${answer.string()}`);
    });
    this.#open.add(stored);
    void stored.finally(() => this.#open.delete(stored)).catch(() => undefined);
  }
}
