// One call of a provider's API: the answer to it, after its latency, on its way.
import { answerCountTokens, answerMessages } from './anthropic-messages';
import { type Answer, type Call, type Complaint, isComplaint } from './call';
import { deliver } from './deliver';
import { errorAnswer, errorEvent } from './errors';
import { type Arrival, type Floor, takeIn } from './intake';
import { listModels, oneModel } from './models';
import { answerChat } from './openai-chat';
import { answerCompletion } from './openai-completions';
import { answerEmbeddings } from './openai-embeddings';
import { promptTokens } from './prompt';
import { settle } from './provider';
import { type Reply, openReply } from './reply';
import { nothingBilled } from './tokens';

export function handleCall(floor: Floor, arrival: Arrival): void {
  const taken = takeIn(floor, arrival);
  const reply = openReply(arrival.res, taken.record, floor.ledger);
  const { call, complaint } = taken;
  const { behaviour, provider } = call;
  if (behaviour.fault === 'refuse') {
    reply.close('refused');
    reply.res.socket?.resetAndDestroy();
    return;
  }
  if (behaviour.fault === 'hang') {
    reply.close('hung');
    return;
  }
  const answer = complaint ?? answerOf(call, arrival);
  if (!isComplaint(answer)) taken.record.usage = answer.usage;
  const waitMs = settle(provider, behaviour.latencyMs, 0)
    + generationTimeMs(call, answer, taken.record.stream);
  if (waitMs === 0) finish(reply, call, answer);
  else setTimeout(() => finish(reply, call, answer), waitMs);
}

/** A whole answer comes when its last token is there; a stream paces itself. */
function generationTimeMs(call: Call, answer: Answer | Complaint, stream: boolean): number {
  const rate = call.behaviour.tokensPerS ?? 0;
  if (isComplaint(answer) || rate === 0) return 0;
  if (stream && answer.frames !== undefined) return 0;
  return (answer.usage.completion / rate) * 1000;
}

function finish(reply: Reply, call: Call, answer: Answer | Complaint): void {
  if (reply.over()) return;
  if (isComplaint(answer)) {
    sendError(reply, call, answer);
    return;
  }
  deliver(reply, {
    behaviour: call.behaviour, answer, stream: reply.record.stream, headers: idHeader(call),
    errorEvent: () => errorEvent(call.surface, requestIdOf(call)),
  });
}

function sendError({ res, record, endsAs }: Reply, call: Call, complaint: Complaint): void {
  const { status, headers, body } = errorAnswer(complaint, {
    surface: call.surface, requestId: requestIdOf(call), behaviour: call.behaviour,
    model: call.model, promptTokens: promptTokens(call.prompt), nowMs: record.timeMs,
  });
  record.status = status;
  endsAs('error');
  res.writeHead(status, {
    'content-type': 'application/json', 'content-length': Buffer.byteLength(body),
    ...idHeader(call), ...headers,
  });
  res.end(body);
}

function answerOf(call: Call, { endpoint, modelAsked }: Arrival): Answer | Complaint {
  switch (endpoint) {
    case '/v1/chat/completions':
      return answerChat(call);
    case '/v1/completions':
      return answerCompletion(call);
    case '/v1/embeddings':
      return answerEmbeddings(call);
    case '/v1/messages':
      return answerMessages(call);
    case '/v1/messages/count_tokens':
      return free(answerCountTokens(call));
    case '/v1/models': {
      const { provider, surface } = call;
      if (modelAsked === undefined) return free(listModels(provider, surface));
      const one = oneModel(provider, surface, modelAsked);
      return one === undefined
        ? { error: 'not_found', message: `The model '${modelAsked}' does not exist` } : free(one);
    }
    case undefined:
      return { error: 'not_found', message: 'Unknown request URL.' };
  }
}

function free(body: string): Answer {
  return { usage: nothingBilled, body: () => body };
}

function requestIdOf(call: Call): string {
  return `req_${call.id}`;
}

function idHeader(call: Call): Record<string, string> {
  return { [call.surface === 'openai' ? 'x-request-id' : 'request-id']: requestIdOf(call) };
}
