// The physical reference: the same three hops over the log as Holdfast's (submitted, routed,
// settled), with group commit and an acked work queue, and nothing else. Plain Fastify and
// nats.js; no keys, no schema, no state, no redelivery, no archive. What is left is what any such
// design must pay.
import { randomUUID } from 'node:crypto';
import { AckPolicy, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import fastify from 'fastify';
import { Pool } from 'undici';
import { GroupCommit } from './group-commit';

const stream = 'BARE';
const replySubject = 'reply.bare';
/** As Holdfast's own bounds: lines per commit, and jobs per routed commit. */
const linesMax = 256;
const routedMax = 32;

interface Job {
  readonly id: string;
  /** Which simulated provider. */
  readonly provider: string;
  readonly body: unknown;
}

interface Settled {
  readonly id: string;
  readonly answer: string;
}

export async function setUp(nc: NatsConnection): Promise<void> {
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: stream, subjects: ['bare.>'], storage: StorageType.File });
  await jsm.consumers.add(stream, {
    durable_name: 'workers', filter_subject: 'bare.routed', ack_policy: AckPolicy.Explicit,
    max_ack_pending: 1_000,
  });
}

export async function runIngress(nc: NatsConnection, port: number): Promise<void> {
  const submitted = new GroupCommit(nc, 'bare.submitted', linesMax);
  const waiting = new Map<string, (answer: string) => void>();
  nc.subscribe(replySubject, {
    callback: (_error, message) => {
      for (const line of message.string().split('\n')) {
        const { id, answer } = JSON.parse(line) as Settled;
        waiting.get(id)?.(answer);
        waiting.delete(id);
      }
    },
  });
  const app = fastify();
  app.post<{ Params: { provider: string } }>('/:provider/v1/chat/completions',
    async (request, reply) => {
      const id = randomUUID();
      const answered = new Promise<string>((resolve) => waiting.set(id, resolve));
      const job: Job = { id, provider: request.params.provider, body: request.body };
      await submitted.append(JSON.stringify(job));
      return await reply.header('content-type', 'application/json').send(await answered);
    });
  await app.listen({ host: '127.0.0.1', port });
}

export async function runRouter(nc: NatsConnection): Promise<void> {
  const routed = new GroupCommit(nc, 'bare.routed', routedMax);
  const consumer = await jetstream(nc).consumers.get(stream, {
    filter_subjects: ['bare.submitted'],
  });
  await consumer.consume({
    max_messages: 100,
    callback: (message) => {
      for (const line of message.string().split('\n')) {
        const job = JSON.parse(line) as Job;
        void routed.append(JSON.stringify({ ...job, plan: [{ provider: job.provider }] }));
      }
    },
  });
}

export async function runWorker(nc: NatsConnection, simUrl: string): Promise<void> {
  const settled = new GroupCommit(nc, 'bare.settled', linesMax);
  const pool = new Pool(simUrl, { connections: 512 });
  let replies: string[] = [];
  const reply = (line: string): void => {
    if (replies.push(line) > 1) return;
    setImmediate(() => {
      nc.publish(replySubject, replies.join('\n'));
      replies = [];
    });
  };
  const run = async ({ id, provider, body }: Job): Promise<void> => {
    const { body: answer } = await pool.request({
      path: `/p/${provider}/v1/chat/completions`, method: 'POST',
      headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    const line = JSON.stringify({ id, answer: await answer.text() } satisfies Settled);
    await settled.append(line);
    reply(line);
  };
  const consumer = await jetstream(nc).consumers.get(stream, 'workers');
  await consumer.consume({
    max_messages: 20,
    callback: (message) => {
      const jobs = message.string().split('\n').map((line) => JSON.parse(line) as Job);
      void Promise.all(jobs.map(run)).then(() => message.ack());
    },
  });
}

/** Fastify alone, for its own ceiling: the same request, an answer of the same size. */
export async function runBareHttp(port: number): Promise<void> {
  const answer = { choices: [{ message: { role: 'assistant', content: 'word '.repeat(160) } }] };
  const app = fastify();
  app.post('/v1/chat/completions', () => answer);
  await app.listen({ host: '127.0.0.1', port });
}
