// Streams that break behind content and are gone on with at another target: whole processes, the
// official clients, and simulated providers that cut their streams off.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, type JobView, json, settled } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { clearLedger, clearScript, ledger, setScript } from './support/sim';

const run = promisify(execFile);

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;
let openai: OpenAI;
let anthropic: Anthropic;

const providers = ['first', 'second', 'third', 'fourth'] as const;

const config = (url: string): string => `
providers:
  - id: first
    type: openai
    base_url: ${url}/p/first/v1
    api_key: env:SIM_KEY
    models: ["sim-small"]
    timeouts: { stall_ms: 2000 }
  - id: second
    type: anthropic
    base_url: ${url}/p/second
    api_key: env:SIM_KEY
    models: ["sim-small"]
    continues: assistant
  - id: third
    type: openai
    base_url: ${url}/p/third/v1
    api_key: env:SIM_KEY
    models: ["sim-small"]
    continues: continue_final_message
  - id: fourth
    type: openai
    base_url: ${url}/p/fourth/v1
    api_key: env:SIM_KEY
    models: ["sim-small"]
    continues: prefix
# One provider breaks every stream here, and is to be called all the same.
health: { enabled: false }
routes:
${[['continued', 'second'], ['both-openai', 'third'], ['echo', 'fourth'], ['nowhere', null]].map(([model, other]) => `  - model: ${model}
    strategy: priority
    continue_on_break: true
    targets:
      - { provider: first, model: sim-small }
${other === null ? '' : `      - { provider: ${other}, model: sim-small }\n`}`).join('')}
  - model: plain
    strategy: priority
    targets: [{ provider: first, model: sim-small }, { provider: second, model: sim-small }]
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(sim.url), env: { SIM_KEY: 'sk-sim' } });
  openai = new OpenAI({ baseURL: `${holdfast.url}/v1`, apiKey: holdfast.key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: holdfast.url, apiKey: holdfast.key, maxRetries: 0 });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

const brokenTokens = 5;
beforeEach(async () => {
  for (const provider of providers) await clearScript(sim.url, provider);
  await clearLedger(sim.url);
  await setScript(sim.url, 'first', {
    steps: [{ fault: 'reset', afterTokens: brokenTokens, times: 'forever' }], defaults: { tokens: 16 },
  });
});

interface ContinuedJob extends JobView {
  continued?: { after_chars: number; attempt_id: string | null }[];
}

async function jobOf(id: string | null): Promise<ContinuedJob> {
  return eventually('the job', async () => {
    const job = await json<ContinuedJob>(call(holdfast, `/v1/jobs/${String(id)}`));
    return settled(job) && job;
  });
}

const messages = [{ role: 'user' as const, content: 'Tell me of the sea.' }];

/** One job, two attempts, and the seam where the second one went on. */
async function expectSeam(id: string | null, text: string, second: string): Promise<void> {
  const job = await jobOf(id);
  expect(job.status).toBe('succeeded');
  expect(job.attempts).toMatchObject([
    { provider: 'first', outcome: 'unknown', error: { class: 'connection_lost' } },
    { provider: second, outcome: 'succeeded' },
  ]);
  expect(job.continued).toHaveLength(1);
  const [seam] = job.continued!;
  expect(seam?.attempt_id).toBe(job.attempts[1]?.attempt_id);
  expect(seam?.after_chars).toBeGreaterThan(0);
  expect(seam?.after_chars).toBeLessThan(text.length);
  expect((await ledger(sim.url)).map(({ provider }) => provider)).toEqual(['first', second]);
  const beginning = text.slice(0, seam?.after_chars);
  expect(beginning.trim().split(/\s+/).length).toBeLessThanOrEqual(brokenTokens);
}

async function chatText(model: string): Promise<{ id: string | null; text: string; ids: Set<string> }> {
  const { data, response } = await openai.chat.completions
    .create({ model, messages, stream: true, stream_options: { include_usage: true } })
    .withResponse();
  let text = '';
  const ids = new Set<string>();
  const ends: string[] = [];
  let usage = 0;
  let roles = 0;
  for await (const chunk of data) {
    ids.add(chunk.id);
    const [choice] = chunk.choices;
    text += choice?.delta.content ?? '';
    if (choice?.delta.role !== undefined) roles += 1;
    if (typeof choice?.finish_reason === 'string') ends.push(choice.finish_reason);
    if (chunk.usage != null) usage += 1;
  }
  expect(ends).toEqual(['stop']);
  expect([usage, roles]).toEqual([1, 1]);
  return { id: response.headers.get('holdfast-job-id'), text, ids };
}

async function resultOf<T>(id: string | null): Promise<T> {
  return json<T>(call(holdfast, `/v1/jobs/${String(id)}/result`));
}

describe('a stream that breaks behind content, on a route that continues', () => {
  it.each([['continued', 'second'], ['both-openai', 'third']])(
    'goes on unseen for the OpenAI client (%s: %s)', async (model, second) => {
      const { id, text, ids } = await chatText(model);
      expect(ids.size).toBe(1);
      await expectSeam(id, text, second);
      const result = await resultOf<OpenAI.ChatCompletion>(id);
      expect(result.choices[0]?.message.content).toBe(text);
      expect(ids.has(result.id)).toBe(true);
    }, 60_000);

  it.each([['continued', 'second'], ['both-openai', 'third']])(
    'goes on unseen for the Anthropic client (%s: %s)', async (model, second) => {
      const stream = anthropic.messages.stream({ model, messages, max_tokens: 64 });
      const texts: string[] = [];
      stream.on('text', (piece) => texts.push(piece));
      const { data, response } = await stream.withResponse();
      const message = await data.finalMessage();
      const text = texts.join('');
      expect(message.content).toMatchObject([{ type: 'text', text }]);
      expect(message.stop_reason).toBe('end_turn');
      const id = response.headers.get('holdfast-job-id');
      await expectSeam(id, text, second);
      const result = await resultOf<Anthropic.Message>(id);
      expect(result).toMatchObject({ id: message.id, content: [{ type: 'text', text }] });
    }, 60_000);

  it('is given to the client once: what the second provider says follows what the first one said', async () => {
    await setScript(sim.url, 'second', { defaults: { tokens: 7 } });
    const { id, text } = await chatText('continued');
    const job = await jobOf(id);
    const rest = text.slice(job.continued![0]!.after_chars);
    const alone = await fetch(`${sim.url}/p/second/v1/messages`, {
      method: 'POST', headers: { 'x-api-key': 'sk-sim', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ model: 'sim-small', messages, max_tokens: 64 }),
    }).then(async (answer) => (await answer.json()) as Anthropic.Message);
    const [block] = alone.content;
    expect(block?.type === 'text' ? block.text.trim() : '').toBe(rest.trim());
  }, 60_000);

  it('says nothing twice where the provider repeats what it was given', async () => {
    const { id, text } = await chatText('echo');
    await expectSeam(id, text, 'fourth');
    // The simulated provider answers from the start, as one does that repeats the beginning.
    const whole = await openai.chat.completions.create({ model: 'fourth/sim-small', messages });
    expect(text).toBe(whole.choices[0]?.message.content);
  }, 60_000);

  it.each(['stall', 'error_event', 'truncated'])('goes on after another kind of break: %s', async (fault) => {
    await setScript(sim.url, 'first', {
      steps: [{ fault, afterTokens: brokenTokens, times: 1 }], defaults: { tokens: 16 },
    });
    const { id, text } = await chatText('continued');
    const job = await jobOf(id);
    expect(job.attempts.map(({ provider }) => provider)).toEqual(['first', 'second']);
    const result = await resultOf<OpenAI.ChatCompletion>(id);
    expect(result.choices[0]?.message.content).toBe(text);
  }, 60_000);

  it('goes on once more when the second provider breaks too', async () => {
    await setScript(sim.url, 'second', {
      steps: [{ fault: 'reset', afterTokens: 4, times: 1 }], defaults: { tokens: 16 },
    });
    const { id, text } = await chatText('continued');
    const job = await jobOf(id);
    expect(job).toMatchObject({ status: 'succeeded' });
    expect(job.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`))
      .toEqual(['first unknown', 'second unknown', 'second succeeded']);
    expect(job.continued!.map((seam) => seam.attempt_id))
      .toEqual(job.attempts.slice(1).map((attempt) => attempt.attempt_id));
    const result = await resultOf<OpenAI.ChatCompletion>(id);
    expect(result.choices[0]?.message.content).toBe(text);
  }, 60_000);

  it('ends with an error when no target can go on', async () => {
    await expect(chatText('nowhere')).rejects.toThrow(/no target can go on/);
  }, 60_000);

  it('gives up after three continuations', async () => {
    await setScript(sim.url, 'second', {
      steps: [{ fault: 'reset', afterTokens: 3, times: 'forever' }], defaults: { tokens: 16 },
    });
    await expect(chatText('continued')).rejects.toThrow(/broke after content/);
    expect((await ledger(sim.url)).map(({ provider }) => provider))
      .toEqual(['first', 'second', 'second', 'second']);
  }, 60_000);
});

describe('a worker that dies while it goes on with a stream', () => {
  it('leaves the client with an error, and nothing that was not said', async () => {
    await setScript(sim.url, 'second', { defaults: { tokens: 200, tokensPerS: 10 } });
    let text = '';
    const { data, response } = await openai.chat.completions
      .create({ model: 'continued', messages, stream: true }).withResponse();
    const read = async (): Promise<void> => {
      for await (const chunk of data) {
        text += chunk.choices[0]?.delta.content ?? '';
        if (text.length < 60 || isKilled) continue;
        isKilled = true;
        await holdfast.signal('workers', 'SIGKILL');
      }
    };
    let isKilled = false;
    await expect(read()).rejects.toThrow(/broke after content/);
    const job = await jobOf(response.headers.get('holdfast-job-id'));
    expect(job.status).toBe('failed');
    expect((await ledger(sim.url)).map(({ provider }) => provider)).toEqual(['first', 'second']);
  }, 120_000);
});

describe('decisions to go on', () => {
  it('come out the same when they are made again', async () => {
    const { stdout } = await run(process.execPath, [
      'dist/tools/holdfast.js', 'replay', '--decisions', '--json', '--data-dir', holdfast.dataDir,
    ], { maxBuffer: 1e8 });
    const replayed = JSON.parse(stdout) as { differences: unknown[]; routed: number };
    expect(replayed.differences).toEqual([]);
    // Each job of the specs above twice or more.
    expect(replayed.routed).toBeGreaterThan(16);
  }, 60_000);
});

describe('a stream that breaks on a route that does not continue', () => {
  it('ends with an error, and its job fails', async () => {
    await expect(chatText('plain')).rejects.toThrow(/broke|lost|reset/i);
    expect(await ledger(sim.url)).toHaveLength(1);
  }, 60_000);
});
