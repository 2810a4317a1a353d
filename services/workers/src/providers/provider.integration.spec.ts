import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { providerDispatchers } from './dispatchers';
import { callProvider } from './provider';
import {
  type Delta, type UpstreamFailed, type UpstreamOutcome, type UpstreamRequest,
  type UpstreamSucceeded, type UpstreamTarget,
} from './outcome';

type Script = (req: IncomingMessage, res: ServerResponse, body: string) => void;

const noProxy = { httpProxy: null, httpsProxy: null, noProxy: null };
const dispatchers = providerDispatchers(noProxy);
let server: Server;
let url = '';
let script: Script = () => undefined;
let seen: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];

beforeAll(async () => {
  server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      seen.push({ url: req.url ?? '', headers: req.headers, body });
      script(req, res, body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  seen = [];
});

afterAll(async () => {
  await dispatchers.close();
  server.closeAllConnections();
  server.close();
});

function target(kind: 'openai' | 'anthropic', more: Partial<UpstreamTarget> = {}): UpstreamTarget {
  return {
    providerId: 'p', kind, baseUrl: kind === 'openai' ? `${url}/v1` : url,
    model: kind === 'openai' ? 'gpt-4o' : 'claude-sonnet-4-5', secret: 'sk-secret',
    timeouts: { connectMs: 500, firstTokenMs: 2000, stallMs: 2000, totalMs: 5000 },
    dropParams: false, ...more,
  };
}

function request(
  surface: 'openai' | 'anthropic', more: Partial<UpstreamRequest> = {},
): UpstreamRequest {
  const stream = more.stream === true ? ',"stream":true' : '';
  const messages = '"messages":[{"role":"user","content":"Hi"}]';
  return {
    surface, endpoint: surface === 'openai' ? '/v1/chat/completions' : '/v1/messages',
    stream: false, streamUsage: surface === 'anthropic',
    body: Buffer.from(`{"model":"chat","max_tokens":50,${messages}${stream}}`),
    headers: {}, attemptId: 'att_1', signal: new AbortController().signal,
    deadlineAtMs: Date.now() + 60_000, ...more,
  };
}

async function call(
  to: UpstreamTarget, what: UpstreamRequest,
): Promise<{ outcome: UpstreamOutcome; deltas: Delta[] }> {
  const deltas: Delta[] = [];
  const outcome = await callProvider(to, what, (delta) => deltas.push(delta), { dispatchers });
  return { outcome, deltas };
}

const completion = JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion', created: 5, model: 'gpt-4o-2024',
  choices: [{
    index: 0, message: { role: 'assistant', content: 'Hello', refusal: null }, logprobs: null,
    finish_reason: 'stop',
  }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
});

const message = JSON.stringify({
  id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Hello' }], stop_reason: 'end_turn', stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 1, cache_read_input_tokens: 2 },
});

const chunk = (delta: object, finish: string | null = null): string => `data: ${JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 5, model: 'gpt-4o-2024',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
})}\n\n`;
const role = chunk({ role: 'assistant', content: '', refusal: null });
const usageChunk = `data: ${JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 5, model: 'gpt-4o-2024', choices: [],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
})}\n\n`;
const done = 'data: [DONE]\n\n';
const chunks = role + chunk({ content: 'Hel' }) + chunk({ content: 'lo' }) + chunk({}, 'stop')
  + usageChunk + done;

const event = (body: { type: string }): string => (
  `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`
);
const messageStart = event({ type: 'message_start', message: {
  ...JSON.parse(message) as object, content: [], stop_reason: null,
} } as { type: string });
const blockStart = event({
  type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' },
} as { type: string });
const textDelta = (text: string): string => event({
  type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text },
} as { type: string });
const messageEnd = event({ type: 'content_block_stop', index: 0 } as { type: string })
  + event({
    type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 2 },
  } as { type: string })
  + event({ type: 'message_stop' });
const events = messageStart + event({ type: 'ping' }) + blockStart + textDelta('Hel')
  + textDelta('lo') + messageEnd;

function answer(status: number, body: string, headers: Record<string, string> = {}): void {
  script = (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(body);
  };
}

function stream(text: string, then: (res: ServerResponse) => void = (res) => res.end()): void {
  script = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(text, () => then(res));
  };
}

function text(deltas: Delta[]): string {
  return deltas.filter((delta) => delta.data !== '[DONE]').map(({ data }) => {
    const json = JSON.parse(data);
    return String(json.choices?.[0]?.delta?.content ?? json.delta?.text ?? '');
  }).join('');
}

describe('a complete answer', () => {
  test('of the same kind reaches the client byte for byte', async () => {
    answer(200, completion);
    const { outcome, deltas } = await call(target('openai'), request('openai'));
    expect(outcome).toEqual({
      kind: 'succeeded', status: 200, body: completion, model: 'gpt-4o-2024', dropped: [],
      firstTokenMs: null,
      usage: {
        input_tokens: 5, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 1,
        reasoning_tokens: 0,
      },
    });
    expect(deltas).toEqual([]);
    expect(seen[0]).toMatchObject({
      url: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-secret', 'x-client-request-id': 'att_1' },
    });
    expect(JSON.parse(seen[0]!.body)).toMatchObject({ model: 'gpt-4o' });
  });

  test('of the other kind reaches the client in its own surface (chat)', async () => {
    answer(200, message);
    const { outcome } = await call(target('anthropic'), request('openai'));
    expect(outcome).toMatchObject({ kind: 'succeeded', usage: { input_tokens: 7 } });
    expect(JSON.parse((outcome as UpstreamSucceeded).body)).toMatchObject({
      object: 'chat.completion', choices: [{ message: { content: 'Hello' } }],
      usage: { prompt_tokens: 7, prompt_tokens_details: { cached_tokens: 2 } },
    });
    expect(seen[0]).toMatchObject({ url: '/v1/messages', headers: { 'x-api-key': 'sk-secret' } });
  });

  test('of the other kind reaches the client in its own surface (messages)', async () => {
    answer(200, completion);
    const { outcome } = await call(target('openai'), request('anthropic'));
    expect(JSON.parse((outcome as UpstreamSucceeded).body)).toMatchObject({
      type: 'message', content: [{ type: 'text', text: 'Hello' }], stop_reason: 'end_turn',
    });
  });

  test.each(['{"choices":', '', '<html>', '{"ok":true}'])(
    'that is garbage (%s) is malformed and may have cost', async (body) => {
      answer(200, body);
      const { outcome } = await call(target('openai'), request('openai'));
      expect(outcome).toMatchObject({ class: 'malformed_response', mayHaveCost: true });
    },
  );
});

describe('a stream', () => {
  test('of the same kind passes event for event, without the usage nobody asked for', async () => {
    stream(chunks);
    const { outcome, deltas } = await call(target('openai'), request('openai', { stream: true }));
    const passed = deltas.map(({ data }) => `data: ${data}\n\n`).join('');
    expect(passed).toBe(chunks.replace(usageChunk, ''));
    expect(outcome).toMatchObject({ kind: 'succeeded', usage: { output_tokens: 2 } });
    expect(JSON.parse((outcome as UpstreamSucceeded).body)).toMatchObject({
      object: 'chat.completion', choices: [{ message: { content: 'Hello' } }],
      usage: { total_tokens: 7 },
    });
    expect((outcome as UpstreamSucceeded).firstTokenMs).toBeGreaterThan(0);
  });

  test('has its usage chunk where the client asked for it', async () => {
    stream(chunks);
    const what = request('openai', { stream: true, streamUsage: true });
    const { deltas } = await call(target('openai'), what);
    expect(deltas.map(({ data }) => `data: ${data}\n\n`).join('')).toBe(chunks);
  });

  test('of Anthropic passes event for event on its own surface', async () => {
    stream(events);
    const what = request('anthropic', { stream: true });
    const { outcome, deltas } = await call(target('anthropic'), what);
    expect(deltas.map((d) => `event: ${d.event}\ndata: ${d.data}\n\n`).join('')).toBe(events);
    expect(outcome).toMatchObject({ kind: 'succeeded', usage: { output_tokens: 2 } });
    expect(JSON.parse((outcome as UpstreamSucceeded).body)).toMatchObject({
      content: [{ text: 'Hello' }], stop_reason: 'end_turn',
    });
  });

  test.each([
    ['openai', 'anthropic', events], ['anthropic', 'openai', chunks],
  ] as const)('on the surface of %s is served by %s', async (surface, kind, sent) => {
    stream(sent);
    const { outcome, deltas } = await call(target(kind), request(surface, { stream: true }));
    expect(outcome.kind).toBe('succeeded');
    expect(text(deltas)).toBe('Hello');
    expect(deltas.at(-1)).toMatchObject(
      surface === 'openai' ? { event: null, data: '[DONE]' } : { event: 'message_stop' },
    );
  });

  test('is not shown before its first content', async () => {
    const beginning = new Promise<ServerResponse>((resolve) => stream(role, resolve));
    const deltas: Delta[] = [];
    const going = callProvider(
      target('openai'), request('openai', { stream: true }), (d) => deltas.push(d), { dispatchers },
    );
    const res = await beginning;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(deltas).toEqual([]);
    res.end(chunks.slice(role.length));
    await going;
    expect(deltas.map((delta) => delta.content)).toEqual([false, true, true, false, false]);
  });

  test('without any content is an answer too', async () => {
    stream(role + chunk({}, 'stop') + usageChunk + done);
    const { outcome, deltas } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome.kind).toBe('succeeded');
    expect(deltas.length).toBe(3);
  });

  test('that a provider answers in one piece is a stream for the client', async () => {
    answer(200, completion);
    const { outcome, deltas } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome.kind).toBe('succeeded');
    expect(text(deltas)).toBe('Hello');
    expect(deltas.at(-1)?.data).toBe('[DONE]');
  });

  test('does not wait for a server that never closes', async () => {
    stream(chunks, () => undefined);
    const startedAt = Date.now();
    const { outcome } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome.kind).toBe('succeeded');
    expect(Date.now() - startedAt).toBeLessThan(1900);
  });

  test('that ends without its terminator is a lost connection', async () => {
    stream(role + chunk({ content: 'Hel' }));
    const { outcome } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome).toMatchObject({
      class: 'connection_lost', mayHaveCost: true, contentSent: true,
    });
  });

  test('that said everything but its terminator is complete', async () => {
    stream(chunks.replace(done, ''));
    const { outcome, deltas } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome.kind).toBe('succeeded');
    expect(deltas.at(-1)?.data).toBe('[DONE]');
  });

  test('that breaks after content is a lost connection', async () => {
    stream(role + chunk({ content: 'Hel' }), (res) => setTimeout(() => res.destroy(), 20));
    const { outcome } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome).toMatchObject({
      class: 'connection_lost', mayHaveCost: true, contentSent: true,
    });
  });

  test('with an error before content shows the client nothing and cannot have cost', async () => {
    const overloaded = event({
      type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' },
    } as { type: string });
    stream(messageStart + overloaded);
    const what = request('anthropic', { stream: true });
    const { outcome, deltas } = await call(target('anthropic'), what);
    expect(outcome).toMatchObject({ class: 'overloaded', mayHaveCost: false, contentSent: false });
    expect(deltas).toEqual([]);
  });

  test('with an error after content may have cost', async () => {
    stream(`${role}${chunk({ content: 'a' })}data: {"error":{"message":"oops"}}\n\n`);
    const { outcome } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome).toMatchObject({ class: 'server_error', mayHaveCost: true, contentSent: true });
  });

  test('is known by its events, whatever its content type', async () => {
    answer(200, chunks, { 'content-type': 'text/plain' });
    const { outcome, deltas } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome.kind).toBe('succeeded');
    expect(text(deltas)).toBe('Hello');
  });

  test('that is a page of HTML is malformed', async () => {
    answer(200, '<html>Welcome\n\n</html>', { 'content-type': 'text/html' });
    const { outcome } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome).toMatchObject({ class: 'malformed_response', mayHaveCost: true });
  });

  test('of garbage is malformed', async () => {
    stream(`${role}data: {"choi\n\n`);
    const { outcome, deltas } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome).toMatchObject({ class: 'malformed_response', mayHaveCost: true });
    expect(deltas).toEqual([]);
  });
});

describe('a failure', () => {
  test('of the client is passed on in its own surface', async () => {
    const error = '{"type":"error","error":{"type":"invalid_request_error","message":"No."}}';
    answer(400, error);
    const own = await call(target('anthropic'), request('anthropic'));
    expect(own.outcome).toMatchObject({ class: 'invalid_request', status: 400, body: error });
    const other = await call(target('anthropic'), request('openai'));
    expect(JSON.parse((other.outcome as UpstreamFailed).body!)).toMatchObject({
      error: { message: 'No.', type: 'invalid_request_error' },
    });
  });

  test('of the provider is not shown, costs nothing and names its pause', async () => {
    answer(429, '{"error":{"message":"slow","code":"rate_limit_exceeded"}}', {
      'retry-after': '3', 'x-ratelimit-remaining-requests': '0',
    });
    const { outcome } = await call(target('openai'), request('openai', { stream: true }));
    expect(outcome).toMatchObject({
      class: 'rate_limited', status: 429, body: null, mayHaveCost: false, retryAfterMs: 3000,
      rateLimit: { requestsRemaining: 0 },
    });
  });

  test('to connect cannot have cost', async () => {
    const dead = target('openai', { baseUrl: 'http://127.0.0.1:1/v1' });
    const { outcome } = await call(dead, request('openai'));
    expect(outcome).toMatchObject({
      class: 'connect_failed', mayHaveCost: false, status: null,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('to find the host cannot have cost', async () => {
    const dead = target('openai', { baseUrl: 'http://nowhere.invalid/v1' });
    const { outcome } = await call(dead, request('openai'));
    expect(outcome).toMatchObject({ class: 'connect_failed', mayHaveCost: false });
  });

  test('of the connection after the request was sent may have cost', async () => {
    script = (req) => req.socket.destroy();
    const { outcome } = await call(target('openai'), request('openai'));
    expect(outcome).toMatchObject({ class: 'connection_lost', mayHaveCost: true });
  });
});

describe('a limit of time', () => {
  const timeouts = { connectMs: 500, firstTokenMs: 100, stallMs: 100, totalMs: 400 };

  test('to the first content ends a stream that only pings', async () => {
    script = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => res.write(': ping\n\n'), 20);
      res.on('close', () => clearInterval(timer));
    };
    const { outcome } = await call(
      target('openai', { timeouts }), request('openai', { stream: true }),
    );
    expect(outcome).toMatchObject({ class: 'first_token_timeout', mayHaveCost: true });
  });

  test('without a byte ends a stream that stalls', async () => {
    stream(role + chunk({ content: 'a' }), () => undefined);
    const stalling = { ...timeouts, firstTokenMs: 5_000, totalMs: 10_000 };
    const { outcome } = await call(
      target('openai', { timeouts: stalling }), request('openai', { stream: true }),
    );
    expect(outcome).toMatchObject({ class: 'stalled', mayHaveCost: true, contentSent: true });
  });

  test('in all ends any call, the middle ones only a stream', async () => {
    script = () => undefined;
    const { outcome } = await call(target('openai', { timeouts }), request('openai'));
    expect(outcome).toMatchObject({ class: 'total_timeout', mayHaveCost: true });
  });

  test('is the deadline where that comes first', async () => {
    script = () => undefined;
    const { outcome } = await call(
      target('openai'), request('openai', { deadlineAtMs: Date.now() + 80 }),
    );
    expect(outcome).toMatchObject({ class: 'total_timeout' });
  });
});

describe('a canceled call', () => {
  test('ends at once and may have cost if it was sent', async () => {
    const stop = new AbortController();
    script = () => stop.abort();
    const { outcome } = await call(target('openai'), request('openai', { signal: stop.signal }));
    expect(outcome).toMatchObject({ class: 'canceled', mayHaveCost: true });
  });

  test('that never began is not made', async () => {
    const { outcome } = await call(
      target('openai'), request('openai', { signal: AbortSignal.abort() }),
    );
    expect(outcome).toMatchObject({ class: 'canceled', mayHaveCost: false });
    expect(seen).toEqual([]);
  });
});

describe('egress through a proxy', () => {
  test('goes where the settings say', async () => {
    const through: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (req, socket) => {
      through.push(req.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const proxied = providerDispatchers({ ...noProxy, httpsProxy: at });
    const to = target('openai', { baseUrl: 'https://api.example.com/v1' });
    const outcome = await callProvider(
      to, request('openai'), () => undefined, { dispatchers: proxied },
    );
    await proxied.close();
    proxy.closeAllConnections();
    proxy.close();
    expect(through).toEqual(['api.example.com:443']);
    expect(outcome).toMatchObject({ class: 'connect_failed', mayHaveCost: false });
  });
});
