// Streams over real HTTP, with the in-memory log and a scripted rest of the system.
import { afterEach, describe, expect, it } from '@jest/globals';
import { signalSubjects } from '@libs/signals/signals';
import { waitFor } from '@libs/test-kit/wait-for';
import { answerBody } from '../scripted-system';
import { chat, get, post, type SpecIngress, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
afterEach(async () => {
  await spec.stop();
});

const streamed = { ...chat, stream: true };
const attempt = 'att_1';
const words = ['One', ' two', ' three'];
const chunk = (content: string, finish: string | null = null) => JSON.stringify({
  object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
const deltas = [...words.map((word) => chunk(word)), chunk('', 'stop'), '[DONE]'];

type Script = SpecIngress['system']['script'];
type Submitted = Parameters<Script>[0];

function sendDelta(submitted: Submitted, index: number, from = attempt): void {
  spec.system.send(submitted.data.call.reply_to, {
    kind: 'delta', job: submitted.subject, attempt: from, index, event: null,
    data: deltas[index] ?? '', provider: 'sim', model: 'small',
  });
}

async function succeed(submitted: Submitted, from = attempt): Promise<void> {
  const { subject: job, data } = submitted;
  await spec.system.succeed(submitted, answerBody, { reply: false });
  spec.system.send(data.call.reply_to, {
    kind: 'result', job, outcome: 'succeeded', sequence: 1, line: 0, status: 200, body: answerBody,
    error: null, provider: 'sim', model: 'small', attempts: 1, cost_pico_usd: null,
    dropped_params: [], attempt_id: from,
  });
}

/** What a client reads: events without comments. */
async function read(response: Response): Promise<{ ids: string[]; data: string[] }> {
  const lines = (await response.text()).split('\n');
  const field = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  return { ids: field('id'), data: field('data') };
}

describe('a streamed request', () => {
  it('forwards each delta once, in order, with its place as id', async () => {
    spec = await startForSpecs();
    spec.system.script = async (submitted) => {
      deltas.forEach((_, index) => sendDelta(submitted, index));
      sendDelta(submitted, 2);
      await succeed(submitted);
    };
    const response = await post(spec, '/v1/chat/completions', streamed);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('holdfast-provider')).toBe('sim');
    const { ids, data } = await read(response);
    expect(data).toEqual(deltas);
    expect(ids).toEqual(deltas.map((_, index) => `${attempt}:${index}`));
  });

  it('fills a gap from the worker', async () => {
    spec = await startForSpecs();
    spec.system.script = async (submitted) => {
      spec.signals.subscribe(signalSubjects.deltas(submitted.subject), (_text, _s, respond) => {
        respond?.(JSON.stringify({ attempt, deltas: deltas.map((data) => ({ event: null, data })) }));
      });
      for (const index of [0, 1, 3, 4]) sendDelta(submitted, index);
      await succeed(submitted);
    };
    const { data } = await read(await post(spec, '/v1/chat/completions', streamed));
    expect(data).toEqual(deltas);
  });

  it('is a plain error when nothing was sent before', async () => {
    spec = await startForSpecs();
    spec.system.script = async ({ subject, tenant, data }) => {
      const sequence = await spec.system.append('routed', [{
        type: 'JobExpired', subject, tenant, data: { routing: null, attempts: [] },
      }]);
      spec.system.send(data.call.reply_to, {
        kind: 'settled', job: subject, status: 'expired', sequence, line: 0,
      });
    };
    const response = await post(spec, '/v1/chat/completions', streamed);
    expect(response.status).toBe(504);
    expect(response.headers.get('x-should-retry')).toBe('false');
  });

  it('that breaks after content ends with an error event naming the job', async () => {
    spec = await startForSpecs();
    spec.system.script = (submitted) => {
      sendDelta(submitted, 0);
      spec.system.send(submitted.data.call.reply_to, {
        kind: 'broken', job: submitted.subject, attempt,
        error: { class: 'stalled', message: 'The provider stopped.' },
      });
    };
    const response = await post(spec, '/v1/chat/completions', streamed);
    const { data } = await read(response);
    expect(data[0]).toBe(deltas[0]);
    expect(JSON.parse(data[1]!)).toMatchObject({
      error: { code: 'stalled', job_id: response.headers.get('holdfast-job-id') },
    });
  });

  it('keeps to the attempt whose content was sent', async () => {
    spec = await startForSpecs();
    spec.system.script = async (submitted) => {
      sendDelta(submitted, 0);
      sendDelta(submitted, 0, 'att_2');
      sendDelta(submitted, 1, 'att_2');
      await succeed(submitted, 'att_2');
    };
    const { data } = await read(await post(spec, '/v1/chat/completions', streamed));
    expect(data[0]).toBe(deltas[0]);
    expect(data).toHaveLength(2);
    expect(data[1]).toContain('stream_broken');
  });

  it('is made from the result when the job settled without deltas', async () => {
    spec = await startForSpecs();
    const response = await post(spec, '/v1/chat/completions', streamed);
    const { data, ids } = await read(response);
    expect(data.at(-1)).toBe('[DONE]');
    expect(data.join('')).toContain('Hello there');
    expect(ids[0]).toBe('result:0');
  });

  it('is canceled when its client leaves in the middle', async () => {
    spec = await startForSpecs();
    spec.system.script = (submitted) => sendDelta(submitted, 0);
    const abort = new AbortController();
    const response = await fetch(`${spec.url}/v1/chat/completions`, {
      method: 'POST', signal: abort.signal, body: JSON.stringify(streamed),
      headers: { authorization: 'Bearer hf-spec-key', 'content-type': 'application/json' },
    });
    await response.body!.getReader().read();
    abort.abort();
    await waitFor(() => spec.system.events.at(-1)!.type === 'JobCancelRequested');
    const { streams, admission } = spec.ingress.edge;
    await waitFor(() => streams.size === 0 && admission.waiting === 0);
  });

  it('of a client that does not read keeps a bounded amount in memory', async () => {
    spec = await startForSpecs();
    const long = JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(50_000) } }] });
    const total = 200;
    const all = [...Array.from({ length: total }, () => long), deltas[3]!, deltas[4]!];
    let asked = 0;
    spec.system.script = async (submitted) => {
      spec.signals.subscribe(signalSubjects.deltas(submitted.subject), (text, _s, respond) => {
        asked += 1;
        const { from } = JSON.parse(text) as { from: number };
        const rest = all.slice(from, from + 10).map((data) => ({ event: null, data }));
        respond?.(JSON.stringify({ attempt, from, deltas: rest }));
      });
      all.forEach((data, index) => spec.system.send(submitted.data.call.reply_to, {
        kind: 'delta', job: submitted.subject, attempt, index, event: null, data,
      }));
      await succeed(submitted);
    };
    const response = await post(spec, '/v1/chat/completions', streamed);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { data } = await read(response);
    expect(data).toHaveLength(all.length);
    expect(asked).toBeGreaterThan(0);
  });
});

describe('a stream that is joined again', () => {
  it('continues after Last-Event-ID while the job runs', async () => {
    spec = await startForSpecs();
    let submitted: Submitted | null = null;
    let sent = 2;
    let told = 0;
    spec.system.script = (job) => {
      submitted = job;
      spec.signals.subscribe(signalSubjects.deltas(job.subject), (_text, _s, respond) => {
        const known = deltas.slice(0, sent).map((data) => ({ event: null, data }));
        respond?.(JSON.stringify({ attempt, deltas: known }));
        told = known.length;
      });
    };
    const left = await post(spec, '/v1/chat/completions', streamed, { prefer: 'respond-async' });
    const { id } = await left.json() as { id: string };
    const joined = get(spec, `/v1/jobs/${id}/stream`, { 'last-event-id': `${attempt}:0` });
    await waitFor(() => told === sent);
    sent = deltas.length;
    await waitFor(() => told === sent);
    await spec.system.succeed(submitted!, answerBody);
    const { ids } = await read(await joined);
    expect(ids).toEqual(deltas.slice(1).map((_, index) => `${attempt}:${index + 1}`));
  });

  it('is made from the result after settlement', async () => {
    spec = await startForSpecs();
    const left = await post(spec, '/v1/chat/completions', streamed, { prefer: 'respond-async' });
    const { id } = await left.json() as { id: string };
    const { data } = await read(await get(spec, `/v1/jobs/${id}/stream`));
    expect(data.join('')).toContain('Hello there');
    expect(data.at(-1)).toBe('[DONE]');
  });
});
