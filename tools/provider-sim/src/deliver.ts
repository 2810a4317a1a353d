// Sends an answer at the pace, and with the fault, that the behaviour asks for.
import { type Answer, type Frame } from './call';
import { type Behaviour, type FaultName } from './behaviour';
import { type Reply, chargeWhatWasSent } from './reply';

export interface Delivery {
  behaviour: Behaviour;
  answer: Answer;
  stream: boolean;
  headers: Record<string, string>;
  /** What an error inside a 200 looks like on this API. */
  errorEvent: () => string;
}

/** Small pieces, slow enough to be seen and fast enough for a test. */
const DRIP_BYTES = 64;
const DRIP_MS = 5;

/** Lets what was written reach the client's kernel before the reset overtakes it. */
const RESET_AFTER_MS = 5;

export function deliver(reply: Reply, delivery: Delivery): void {
  reply.record.status = 200;
  const { answer, stream } = delivery;
  if (stream && answer.frames !== undefined) deliverFrames(reply, delivery, answer.frames());
  else deliverBody(reply, delivery);
}

function deliverBody(reply: Reply, delivery: Delivery): void {
  const { res, record } = reply;
  const { behaviour, answer } = delivery;
  const body = answer.body();
  const early = earlyEndOf(behaviour.fault);
  if (early === undefined && behaviour.fault !== 'drip') {
    record.tokensSent = answer.usage.completion;
    const bytes = Buffer.byteLength(body);
    writeHead(reply, delivery, 'application/json', bytes);
    // Plain ASCII leaves as it stands, without being encoded.
    res.end(body, bytes === body.length ? 'latin1' : 'utf8');
    return;
  }
  writeHead(reply, delivery, 'application/json');
  if (early === undefined) drip(reply, delivery, body);
  else deliverPart(reply, delivery, { body, early });
}

function deliverPart(
  reply: Reply, delivery: Delivery, { body, early }: { body: string; early: EarlyEnd },
): void {
  if (early === 'garbage') {
    endEarly(reply, early, '<html><body>Bad gateway {"choices":[</body></html>');
    return;
  }
  if (early === 'error_event') {
    endEarly(reply, early, delivery.errorEvent().replace(/^(event: .*\n)?data: /, ''));
    return;
  }
  // Cut by bytes, in the proportion that the tokens ask for.
  const total = delivery.answer.usage.completion;
  const tokens = tokensBeforeFault(delivery.behaviour, total);
  const share = total === 0 ? 0.5 : tokens / total;
  reply.record.tokensSent = tokens;
  reply.res.write(body.slice(0, Math.min(body.length - 1, Math.floor(body.length * share))));
  endEarly(reply, early, '');
}

function deliverFrames(reply: Reply, delivery: Delivery, frames: Frame[]): void {
  const { res, record } = reply;
  const { behaviour } = delivery;
  const early = earlyEndOf(behaviour.fault);
  writeHead(reply, delivery, 'text/event-stream; charset=utf-8');
  if (early !== undefined) {
    const tokens = tokensBeforeFault(behaviour, delivery.answer.usage.completion);
    const last = early === 'error_event' ? delivery.errorEvent()
      : early === 'garbage' ? 'data: {"id": broken, "choices": [}\n\n' : '';
    pace(reply, framesUpTo(frames, tokens), behaviour, () => endEarly(reply, early, last));
  } else if (behaviour.fault === 'drip') {
    drip(reply, delivery, frames.map(({ data }) => data).join(''));
  } else if ((behaviour.tokensPerS ?? 0) > 0) {
    pace(reply, frames, behaviour, () => res.end());
  } else {
    record.tokensSent = delivery.answer.usage.completion;
    res.end(frames.map(({ data }) => data).join(''));
  }
}

function writeHead(reply: Reply, delivery: Delivery, type: string, bytes?: number): void {
  const wrong = delivery.behaviour.fault === 'content_type';
  const headers: Record<string, string | number> = {
    'content-type': wrong ? 'text/html; charset=utf-8' : type,
    ...delivery.headers,
  };
  if (bytes !== undefined) headers['content-length'] = bytes;
  reply.res.writeHead(200, headers);
}

function tokensBeforeFault({ afterTokens }: Behaviour, total: number): number {
  return Math.min(total, afterTokens ?? Math.floor(total / 2));
}

/** Up to the frame with which so many tokens have left; the openings before the first are in. */
function framesUpTo(frames: Frame[], tokens: number): Frame[] {
  let sent = 0;
  const stop = frames.findIndex((frame) => {
    if (sent >= tokens && (tokens > 0 || frame.tokens > 0)) return true;
    sent += frame.tokens;
    return false;
  });
  return stop === -1 ? frames : frames.slice(0, stop);
}

/** Each frame as soon as its tokens would have been generated. */
function pace(reply: Reply, frames: Frame[], behaviour: Behaviour, done: () => void): void {
  const { res, record } = reply;
  const msPerToken = behaviour.tokensPerS === undefined || behaviour.tokensPerS === 0
    ? 0 : 1000 / behaviour.tokensPerS;
  const startedMs = performance.now();
  let at = 0;
  let sent = 0;
  const step = (): void => {
    if (reply.over()) return;
    const elapsedMs = performance.now() - startedMs;
    for (let frame = frames[at]; frame !== undefined; frame = frames[at]) {
      // The first token is there at once: its time is the latency.
      const dueMs = frame.tokens === 0 ? 0 : sent * msPerToken;
      if (dueMs > elapsedMs) {
        setTimeout(step, Math.max(1, dueMs - elapsedMs));
        return;
      }
      res.write(frame.data);
      sent += frame.tokens;
      record.tokensSent = sent;
      at += 1;
    }
    done();
  };
  step();
}

const earlyEnds = ['stall', 'reset', 'truncated', 'garbage', 'error_event'] as const;
type EarlyEnd = (typeof earlyEnds)[number];

function earlyEndOf(fault: FaultName | undefined): EarlyEnd | undefined {
  return fault === undefined ? undefined : earlyEnds.find((early) => early === fault);
}

function endEarly(reply: Reply, fault: EarlyEnd, last: string): void {
  const { res, record } = reply;
  switch (fault) {
    case 'stall':
      res.flushHeaders();
      chargeWhatWasSent(record);
      reply.close('hung');
      return;
    case 'reset':
      res.flushHeaders();
      setTimeout(() => {
        reply.close('cut');
        res.socket?.resetAndDestroy();
      }, RESET_AFTER_MS);
      return;
    case 'truncated': case 'garbage': case 'error_event':
      reply.endsAs('cut');
      res.end(last);
  }
}

/** The right bytes in the wrong pieces: lines, events and characters are torn apart. */
function drip(reply: Reply, { behaviour, answer }: Delivery, text: string): void {
  const { res, record } = reply;
  const bytes = Buffer.from(text);
  const size = behaviour.dripBytes ?? DRIP_BYTES;
  let at = 0;
  const step = (): void => {
    if (reply.over()) return;
    res.write(bytes.subarray(at, at + size));
    at += size;
    const share = Math.min(1, at / bytes.length);
    record.tokensSent = Math.floor(answer.usage.completion * share);
    if (at >= bytes.length) res.end();
    else setTimeout(step, behaviour.dripMs ?? DRIP_MS);
  };
  step();
}
