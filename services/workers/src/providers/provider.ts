// Calls one provider once and tells what came of it. Nothing is thrown: every way a call can end is
// an outcome.
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { unstream } from '@libs/surfaces/assemble';
import { surfaceError } from '@libs/surfaces/errors';
import { type JsonObject } from '@libs/surfaces/json';
import { isEndpoint } from '@libs/surfaces/surface';
import { readProviderError, translateError } from '@libs/surfaces/translate/errors';
import { translateResponse } from '@libs/surfaces/translate/translate';
import { normalizeUsage } from '@libs/surfaces/usage';
import { buildRequest, type ReadyRequest } from './build-request';
import { classOfStatus, classOfStreamError, describeError, isClientsError } from './classify';
import { type ProviderDispatchers } from './dispatchers';
import {
  type BreakReason, type ExchangeControls, type ExchangeEnd, type ExchangeReader, runExchange,
} from './exchange';
import {
  type Delta, type RateLimit, type UpstreamFailed, type UpstreamOutcome, type UpstreamRequest,
  type UpstreamTarget,
} from './outcome';
import { answerBuffer, type AnswerBuffer, readAnswer } from './read-answer';
import { type StreamEnd, type StreamReader, streamReader } from './read-stream';
import { rateLimitOf, type ResponseHeaders, retryAfterMs } from './retry-after';

export type { Delta, UpstreamOutcome, UpstreamRequest, UpstreamTarget } from './outcome';

export interface ProviderDeps {
  readonly dispatchers: ProviderDispatchers;
}

/** Deltas come only from the first with content on, so a failing start can fall over unseen. */
export async function callProvider(
  target: UpstreamTarget,
  request: UpstreamRequest,
  onDelta: (delta: Delta) => void,
  deps: ProviderDeps,
): Promise<UpstreamOutcome> {
  const built = buildRequest(target, request);
  if (built.kind === 'unfit') return unfitOutcome(request, built.message);
  const call: Call = {
    target, request, onDelta, built, startedAtMs: performance.now(),
    status: 0, headers: {}, buffer: answerBuffer(), stream: null, streamEnd: { kind: 'reading' },
    isTooLarge: false, firstTokenMs: null,
  };
  const { origin, path, headers, body } = built;
  const end = await runExchange({
    dispatcher: deps.dispatchers.forConnectMs(target.timeouts.connectMs),
    options: { origin, path, method: 'POST', headers, body },
    limits: {
      ...target.timeouts,
      totalMs: Math.max(0, Math.min(target.timeouts.totalMs, request.deadlineAtMs - Date.now())),
      isStreamed: request.stream,
    },
    signal: request.signal,
    reader: (controls) => readerOf(call, controls),
  });
  return outcomeOf(call, end);
}

/** What is known of a call while it runs. */
interface Call {
  readonly target: UpstreamTarget;
  readonly request: UpstreamRequest;
  readonly onDelta: (delta: Delta) => void;
  readonly built: ReadyRequest;
  readonly startedAtMs: number;
  /** 0 until the provider answers. */
  status: number;
  headers: ResponseHeaders;
  readonly buffer: AnswerBuffer;
  /** null while the answer is not a stream. */
  stream: StreamReader | null;
  streamEnd: StreamEnd;
  isTooLarge: boolean;
  firstTokenMs: number | null;
}

function readerOf(call: Call, controls: ExchangeControls): ExchangeReader {
  return {
    head: (status, headers) => {
      call.status = status;
      call.headers = headers;
      // Some servers name a stream text/plain, or nothing; what is JSON was not streamed.
      const isJson = String(headers['content-type'] ?? '').includes('json');
      if (isSuccess(status) && call.request.stream && !isJson) {
        call.stream = newReader(call, controls);
      }
    },
    data: (bytes) => {
      if (call.stream === null) {
        call.isTooLarge = !call.buffer.push(bytes);
        if (call.isTooLarge) controls.giveUp();
        return;
      }
      if (call.streamEnd.kind !== 'reading') return;
      call.streamEnd = call.stream.push(bytes);
      if (call.streamEnd.kind === 'complete') controls.answered();
      else if (call.streamEnd.kind !== 'reading') controls.giveUp();
    },
  };
}

function newReader(call: Call, controls: ExchangeControls): StreamReader {
  return streamReader({
    kind: call.target.kind,
    surface: call.request.surface,
    streamUsage: call.request.streamUsage,
    createdS: nowS(),
    onDelta: call.onDelta,
    onFirstContent: () => {
      call.firstTokenMs = performance.now() - call.startedAtMs;
      controls.firstContent();
    },
  });
}

function outcomeOf(call: Call, end: ExchangeEnd): UpstreamOutcome {
  if (call.stream !== null) return streamOutcome(call, call.stream, end);
  if (call.isTooLarge) return malformed(call, 'the answer is larger than any answer');
  if (end.kind === 'broken') return brokenOutcome(call, end);
  const text = call.buffer.text();
  return isSuccess(call.status) ? answerOutcome(call, text) : statusOutcome(call, text);
}

function answerOutcome(call: Call, text: string): UpstreamOutcome {
  const { target, request } = call;
  const answer = readAnswer(target.kind, request.endpoint, text);
  if (answer === null) return unreadableOutcome(call, text);
  const isSame = request.surface === target.kind;
  const json = isSame ? answer.json : translated(request, answer.json);
  if (request.stream) {
    // The provider ignored the wish for a stream: the client still gets one.
    const includeUsage = request.streamUsage;
    for (const { event, data } of unstream(request.surface, json, { includeUsage })) {
      call.onDelta({ event, data, content: true });
    }
  }
  return {
    kind: 'succeeded',
    status: call.status,
    body: isSame ? text : JSON.stringify(json),
    usage: answer.usage,
    model: answer.model,
    dropped: call.built.dropped,
    firstTokenMs: request.stream ? performance.now() - call.startedAtMs : null,
    ...announcedLimits(call),
  };
}

/** A 200 whose body is an error after all, or nothing that can be read. */
function unreadableOutcome(call: Call, text: string): UpstreamFailed {
  const error = readProviderError(text);
  if (error.message === null || !text.includes('"error"')) {
    return malformed(call, 'the answer is not what the API answers with');
  }
  return streamError(call, text, false);
}

function streamOutcome(call: Call, stream: StreamReader, end: ExchangeEnd): UpstreamOutcome {
  const last = end.kind === 'complete' ? stream.close() : call.streamEnd;
  const contentSent = stream.isGateOpen();
  switch (last.kind) {
    case 'complete':
      return completeOutcome(call, stream);
    case 'error':
      return streamError(call, last.text, contentSent);
    case 'malformed':
      return { ...malformed(call, last.detail), contentSent };
    case 'reading':
      if (end.kind === 'broken') return { ...brokenOutcome(call, end), contentSent };
      return {
        ...failed(call, 'connection_lost', 'The stream ended without its terminator.'),
        contentSent, mayHaveCost: true,
      };
  }
}

function completeOutcome(call: Call, stream: StreamReader): UpstreamOutcome {
  const { target, request } = call;
  const answer = stream.answer();
  const json = request.surface === target.kind ? answer : translated(request, answer);
  return {
    kind: 'succeeded',
    status: call.status,
    body: JSON.stringify(json),
    usage: normalizeUsage(target.kind, stream.usage()),
    model: typeof answer.model === 'string' ? answer.model : null,
    dropped: call.built.dropped,
    firstTokenMs: call.firstTokenMs,
    ...announcedLimits(call),
  };
}

function statusOutcome(call: Call, text: string): UpstreamFailed {
  const { target, request, status } = call;
  const error = readProviderError(text);
  const errorClass = classOfStatus(status, error);
  const body = isClientsError(errorClass)
    ? translateError(target.kind, request.surface, { status, body: text })
    : null;
  return { ...failed(call, errorClass, describeError(status, error, errorClass)), body };
}

/** Before any content the provider says it did not run; after it, some of it was run and costs. */
function streamError(call: Call, text: string, contentSent: boolean): UpstreamFailed {
  const error = readProviderError(text);
  const errorClass = classOfStreamError(error);
  const message = describeError(null, error, errorClass);
  return { ...failed(call, errorClass, message), contentSent, mayHaveCost: contentSent };
}

function brokenOutcome(
  call: Call, end: Extract<ExchangeEnd, { kind: 'broken' }>,
): UpstreamFailed {
  const errorClass = classOfBreak(end.reason);
  // An error status that was cut off is an error status still: nothing was run.
  const mayHaveCost = end.wasSent && (call.status === 0 || isSuccess(call.status));
  return { ...failed(call, errorClass, `${end.detail}.`), mayHaveCost };
}

function classOfBreak(reason: BreakReason): AttemptErrorClass {
  return reason === 'given_up' ? 'malformed_response' : reason;
}

/** Someone answered 200 and the model may have run. */
function malformed(call: Call, detail: string): UpstreamFailed {
  return { ...failed(call, 'malformed_response', `Malformed: ${detail}.`), mayHaveCost: true };
}

function failed(call: Call, errorClass: AttemptErrorClass, message: string): UpstreamFailed {
  const nowMs = Date.now();
  const pause = isSuccess(call.status) ? null : retryAfterMs(call.headers, nowMs);
  return {
    kind: 'failed',
    class: errorClass,
    status: call.status === 0 ? null : call.status,
    message,
    body: null,
    mayHaveCost: false,
    retryAfterMs: pause,
    usage: null,
    contentSent: false,
    ...announcedLimits(call),
  };
}

function announcedLimits(call: Call): { readonly rateLimit?: RateLimit } {
  const rateLimit = rateLimitOf(call.headers, Date.now());
  return rateLimit === null ? {} : { rateLimit };
}

function unfitOutcome(request: UpstreamRequest, message: string): UpstreamFailed {
  const body = surfaceError(request.surface, { status: 400, message, jobId: null });
  return {
    kind: 'failed', class: 'invalid_request', status: 400, message, body, mayHaveCost: false,
    retryAfterMs: null, usage: null, contentSent: false,
  };
}

function translated(request: UpstreamRequest, answer: JsonObject): JsonObject {
  const { endpoint } = request;
  return isEndpoint(endpoint) ? translateResponse(endpoint, answer, nowS()) : answer;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
