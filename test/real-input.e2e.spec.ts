// Real input: 80 two-turn questions as conversations (sync, streamed, as jobs with webhooks), and
// five minutes of a real chat service's arrivals at ten times their speed.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { bodyOf, call, json, submit } from './support/api';
import { type Holdfast, eventually, startHoldfast } from './support/holdfast';
import { type Receiver, startReceiver } from './support/receiver';
import { clearLedger, ledger, setScript } from './support/sim';

const questionsFile = path.resolve('../shared/data/mt-bench-questions.jsonl');
const traceFile = path.resolve('../shared/data/azure-llm-trace-2023-conversation.csv');
const withQuestions = existsSync(questionsFile) ? describe : describe.skip;
const withTrace = existsSync(traceFile) ? describe : describe.skip;
if (!existsSync(questionsFile)) console.warn('skipped: the question set is not beside the checkout');

let holdfast: Holdfast;
let client: OpenAI;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  holdfast = await startHoldfast({ config: 'webhooks: { allow_private: true }\n' });
  client = new OpenAI({ baseURL: `${holdfast.url}/v1`, apiKey: holdfast.key, maxRetries: 0 });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await receiver.close();
}, 60_000);

const questions = (): { turns: string[] }[] => readFileSync(questionsFile, 'utf8').trim().split('\n')
  .map((line) => JSON.parse(line) as { turns: string[] });

type Messages = { role: 'user' | 'assistant'; content: string }[];

async function converse(turns: string[], ask: (messages: Messages) => Promise<string>): Promise<string[]> {
  const messages: Messages = [];
  const answers: string[] = [];
  for (const turn of turns) {
    messages.push({ role: 'user', content: turn });
    const answer = await ask(messages);
    messages.push({ role: 'assistant', content: answer });
    answers.push(answer);
  }
  return answers;
}

withQuestions('80 two-turn conversations', () => {
  it('are answered synchronously', async () => {
    const all = await Promise.all(questions().map((question) => converse(question.turns, async (messages) => {
      const answer = await client.chat.completions.create({ model: 'sim-small', messages, max_tokens: 64 });
      return answer.choices[0]!.message.content!;
    })));
    expect(all.flat().filter((text) => text.length > 0).length).toBe(160);
  }, 120_000);

  it('are answered as streams', async () => {
    const all = await Promise.all(questions().map((question) => converse(question.turns, async (messages) => {
      const stream = await client.chat.completions.create({ model: 'sim-small', messages, max_tokens: 64, stream: true });
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    })));
    expect(all.flat().filter((text) => text.length > 0).length).toBe(160);
  }, 120_000);

  it('are done as jobs whose webhooks verify', async () => {
    const { id, secret } = await json<{ id: string; secret: string }>(
      call(holdfast, '/v1/webhook_endpoints', { body: { url: receiver.url } }),
    );
    const jobs = await Promise.all(questions().map((question) => submit(
      holdfast,
      { model: 'sim-small', max_tokens: 64, messages: question.turns.map((content) => ({ role: 'user', content })) },
      { webhook: { endpoint_id: id } },
    )));
    // By id: one may come twice.
    const idsOf = (): Set<string> => new Set(receiver.received.map(({ headers }) => headers['webhook-id'] ?? ''));
    await eventually('webhooks', async () => Promise.resolve(idsOf().size >= jobs.length), 60_000);
    const verified = receiver.received.map((one) =>
      new Webhook(secret).verify(one.body, one.headers) as { type: string; data: { id: string } });
    expect(new Set(verified.map((one) => one.data.id))).toEqual(new Set(jobs.map((job) => job.id)));
    expect(new Set(verified.map((one) => one.type))).toEqual(new Set(['job.succeeded']));
  }, 120_000);
});

withTrace("five minutes of a real service's arrivals, ten times as fast", () => {
  it('are all answered with their token counts', async () => {
    // Long enough that each request's max_tokens decides.
    await setScript(holdfast.simUrl, 'sim-openai', { defaults: { tokens: 5_000 } });
    await clearLedger(holdfast.simUrl);
    const arrivals = trace(5 * 60);
    const startedMs = Date.now();
    const latencies: number[] = [];
    const answers = await Promise.all(arrivals.map(async (arrival) => {
      await sleep(Math.max(0, startedMs + arrival.atS * 100 - Date.now()));
      const askedMs = Date.now();
      const answer = await call(holdfast, '/v1/chat/completions', {
        body: {
          model: 'sim-openai/sim-small', max_tokens: arrival.outputTokens,
          messages: [{ role: 'user', content: 'word '.repeat(Math.ceil(arrival.promptTokens * 0.8)) }],
        },
      });
      const body = await bodyOf<{ usage?: { completion_tokens: number } }>(answer);
      latencies.push(Date.now() - askedMs);
      return { status: answer.status, tokens: body.usage?.completion_tokens ?? 0 };
    }));
    latencies.sort((a, b) => a - b);
    console.log(`${answers.length} arrivals in ${((Date.now() - startedMs) / 1000).toFixed(1)} s, `
      + `p50 ${latencies[Math.floor(latencies.length / 2)]} ms, p99 ${latencies[Math.floor(latencies.length * 0.99)]} ms`);
    expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
    const served = (await ledger(holdfast.simUrl)).reduce((sum, call) => sum + call.usage.completion, 0);
    expect(answers.reduce((sum, answer) => sum + answer.tokens, 0)).toBe(served);
  }, 120_000);
});

/** Arrivals of the first `seconds` of the trace: TIMESTAMP, ContextTokens, GeneratedTokens. */
function trace(seconds: number): { atS: number; promptTokens: number; outputTokens: number }[] {
  const rows = readFileSync(traceFile, 'utf8').trim().split(/\r?\n/).slice(1).map((line) => line.split(','));
  const startMs = Date.parse(`${rows[0]![0]!.replace(' ', 'T').slice(0, 23)}Z`);
  return rows
    .map((row) => ({
      atS: (Date.parse(`${row[0]!.replace(' ', 'T').slice(0, 23)}Z`) - startMs) / 1000,
      promptTokens: Number(row[1]),
      outputTokens: Number(row[2]),
    }))
    .filter((row) => row.atS < seconds);
}
