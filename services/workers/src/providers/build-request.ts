// Makes the HTTP request for a provider: address, headers, and the body, untouched where nothing
// has to change, translated where the provider is of another kind than the client's surface.
import { isObject, type JsonObject, listOf, objectsOf, parseJson } from '@libs/surfaces/json';
import { isEndpoint } from '@libs/surfaces/surface';
import { reasoningField, thinkingBlocksField, unsignedThinking }
  from '@libs/surfaces/translate/marks';
import { translateRequest } from '@libs/surfaces/translate/translate';
import { withBegunAnswer } from './begun-answer';
import { type UpstreamRequest, type UpstreamTarget } from './outcome';
import {
  applyEdits, type Edit, insertFields, removeField, replaceValue, type Span, topLevelSpans,
} from './splice-body';

export interface ReadyRequest {
  readonly kind: 'ready';
  readonly origin: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  /** Parameters of the client that are not in the body any more. */
  readonly dropped: readonly string[];
}

/** The request cannot be made for this provider. */
export interface UnfitRequest {
  readonly kind: 'unfit';
  readonly message: string;
}

export function buildRequest(
  target: UpstreamTarget, request: UpstreamRequest,
): ReadyRequest | UnfitRequest {
  const body = Buffer.from(
    request.body.buffer, request.body.byteOffset, request.body.byteLength,
  );
  const made = request.surface === target.kind
    ? sameKind(body, target, request)
    : otherKind(body, target, request);
  if (made.kind === 'unfit') return made;
  const begun = request.begun === undefined ? made.body : withBegunAnswer(made.body, request.begun);
  if (begun === null) return unfit('The request has no messages to which an answer could be added.');
  const { origin, prefix } = addressOf(target.baseUrl);
  // OpenAI's base URL holds the version, Anthropic's does not.
  const path = target.kind === 'openai' ? made.endpoint.replace(/^\/v1/, '') : made.endpoint;
  const headers = headersFor(target, request);
  return {
    kind: 'ready', origin, path: prefix + path, headers, body: begun, dropped: made.dropped,
  };
}

interface MadeBody {
  readonly kind: 'made';
  readonly endpoint: string;
  readonly body: Buffer;
  readonly dropped: readonly string[];
}

function otherKind(
  body: Buffer, target: UpstreamTarget, request: UpstreamRequest,
): MadeBody | UnfitRequest {
  const parsed = parseJson(body.toString('utf8'));
  if (!isObject(parsed)) return unfit('The request body is not a JSON object.');
  const { endpoint } = request;
  const wanted = { ...parsed, stream: request.stream };
  const translated = isEndpoint(endpoint)
    ? translateRequest({ endpoint, body: wanted }, target)
    : null;
  if (translated === null) {
    return unfit(`${target.providerId} (${target.kind}) does not serve ${endpoint}.`);
  }
  const { unsupported, hints } = translated;
  if (unsupported.length > 0 && !target.dropParams) {
    return unfit(`${target.providerId} cannot honour: ${unsupported.join(', ')}.`);
  }
  return {
    kind: 'made',
    endpoint: translated.endpoint,
    body: Buffer.from(JSON.stringify(translated.body)),
    dropped: [...unsupported, ...hints],
  };
}

function sameKind(
  original: Buffer, target: UpstreamTarget, request: UpstreamRequest,
): MadeBody | UnfitRequest {
  const body = withoutFallbacks(withoutForeignThinking(original, target));
  const spans = topLevelSpans(body);
  if (spans === null) return unfit('The request body is not a JSON object.');
  const edits: Edit[] = [];
  const model = JSON.stringify(target.model);
  for (const span of spans) {
    if (span.key === 'model' && valueOf(body, span) !== model) edits.push(replaceValue(span, model));
  }
  edits.push(...streamEdits(body, spans, { target, request }));
  return {
    kind: 'made', endpoint: request.endpoint, body: applyEdits(body, edits), dropped: [],
  };
}

/** Our own `fallbacks` are names; Anthropic has a field of that name with objects. */
function withoutFallbacks(body: Buffer): Buffer {
  if (!body.includes('"fallbacks"')) return body;
  const spans = topLevelSpans(body) ?? [];
  const at = spans.findIndex(
    (span) => span.key === 'fallbacks' && isListOfTexts(valueOf(body, span)),
  );
  return at === -1 ? body : applyEdits(body, [removeField(spans, at)]);
}

function valueOf(body: Buffer, span: Span): string {
  return body.toString('utf8', span.valueStart, span.valueEnd);
}

function isListOfTexts(json: string): boolean {
  const value = parseJson(json);
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Streams always ask OpenAI for usage: without it a streamed call could not be booked. */
function streamEdits(
  body: Buffer, spans: readonly Span[],
  { target, request }: { target: UpstreamTarget; request: UpstreamRequest },
): Edit[] {
  const stream = spans.find((span) => span.key === 'stream');
  const options = spans.findIndex((span) => span.key === 'stream_options');
  const edits: Edit[] = [];
  const isAsked = stream !== undefined && valueOf(body, stream) === 'true';
  if (stream !== undefined && isAsked !== request.stream) {
    edits.push(replaceValue(stream, String(request.stream)));
  }
  const inserted = stream === undefined && request.stream ? ['"stream":true'] : [];
  const given = spans[options];
  if (target.kind === 'openai' && request.stream) {
    if (given === undefined) inserted.push('"stream_options":{"include_usage":true}');
    else edits.push(...usageEdit(body, given));
  }
  // OpenAI refuses stream options without a stream.
  if (given !== undefined && !request.stream) edits.push(removeField(spans, options));
  if (inserted.length > 0) edits.push(insertFields(body, spans, inserted.join(',')));
  return edits;
}

function usageEdit(body: Buffer, options: Span): Edit[] {
  const given = parseJson(valueOf(body, options));
  const fields: JsonObject = isObject(given) ? given : {};
  if (fields.include_usage === true) return [];
  return [replaceValue(options, JSON.stringify({ ...fields, include_usage: true }))];
}

/** Thinking of another kind of provider in the history, which this kind would refuse. */
function withoutForeignThinking(body: Buffer, target: UpstreamTarget): Buffer {
  const mark = target.kind === 'anthropic' ? unsignedThinking : `"${thinkingBlocksField}"`;
  if (!body.includes(mark)) return body;
  const parsed = parseJson(body.toString('utf8'));
  if (!isObject(parsed)) return body;
  const messages = objectsOf(parsed.messages).map(
    target.kind === 'anthropic' ? withoutUnsigned : withoutThinkingBlocks,
  );
  return Buffer.from(JSON.stringify({ ...parsed, messages }));
}

function withoutUnsigned(message: JsonObject): JsonObject {
  if (!Array.isArray(message.content)) return message;
  const content = listOf(message.content).filter(
    (block) => !isObject(block) || block.signature !== unsignedThinking,
  );
  return { ...message, content };
}

function withoutThinkingBlocks(message: JsonObject): JsonObject {
  if (!Object.hasOwn(message, thinkingBlocksField)) return message;
  const rest = { ...message };
  Reflect.deleteProperty(rest, thinkingBlocksField);
  Reflect.deleteProperty(rest, reasoningField);
  return rest;
}

function unfit(message: string): UnfitRequest {
  return { kind: 'unfit', message };
}

interface Address {
  readonly origin: string;
  readonly prefix: string;
}

/** Parsed once per provider; providers are few. */
const addresses = new Map<string, Address>();

function addressOf(baseUrl: string): Address {
  let address = addresses.get(baseUrl);
  if (address === undefined) {
    const url = new URL(baseUrl);
    address = { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
    addresses.set(baseUrl, address);
  }
  return address;
}

/** What Anthropic's SDKs send. */
const anthropicVersionDefault = '2023-06-01';

const ownSurfaceHeaders = ['anthropic-version', 'anthropic-beta', 'openai-beta'];
const traceHeaders = ['traceparent', 'tracestate'];

function headersFor(target: UpstreamTarget, request: UpstreamRequest): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: request.stream ? 'text/event-stream' : 'application/json',
    'user-agent': 'holdfast',
    'x-client-request-id': request.attemptId,
  };
  if (target.kind === 'anthropic') headers['anthropic-version'] = anthropicVersionDefault;
  const passed = request.surface === target.kind
    ? [...ownSurfaceHeaders, ...traceHeaders]
    : traceHeaders;
  for (const name of passed) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  if (target.secret !== null) {
    if (target.kind === 'anthropic') headers['x-api-key'] = target.secret;
    else headers.authorization = `Bearer ${target.secret}`;
  }
  return target.headers === undefined ? headers : { ...headers, ...target.headers };
}
