// `/v1/completions`, the older text API, whole and streamed.
import { type Answer, type Call, type Complaint, type Frame } from './call';
import { asCount, asObject } from './json';
import { openaiUsage, usageFields } from './openai-usage';
import { answerText } from './text';
import { type BilledUsage, pieces } from './tokens';

/** The API's own default for `max_tokens`. */
const TOKENS_DEFAULT_MAX = 16;

export function answerCompletion(call: Call): Answer | Complaint {
  if (call.body.prompt === undefined) {
    return {
      error: 'bad_request', param: 'prompt',
      message: "Missing required parameter: 'prompt'.",
    };
  }
  const tokensMax = asCount(call.body.max_tokens) ?? TOKENS_DEFAULT_MAX;
  const tokens = Math.min(tokensMax, call.tokensWanted);
  const filtered = call.behaviour.fault === 'filtered';
  const said: Said = {
    text: answerText(call.prompt.lastUserText, tokens),
    finish: filtered ? 'content_filter' : tokens < call.tokensWanted ? 'length' : 'stop',
    usage: openaiUsage(call, tokens),
  };
  return {
    usage: said.usage,
    body: () => completionBody(call, said),
    frames: () => completionFrames(call, said),
  };
}

interface Said {
  text: string;
  finish: string;
  usage: BilledUsage;
}

function completionBody(call: Call, { text, finish, usage }: Said): string {
  return JSON.stringify({
    ...envelope(call),
    choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
    usage: usageFields(usage),
  });
}

function completionFrames(call: Call, { text, finish, usage }: Said): Frame[] {
  const withUsage = asObject(call.body.stream_options).include_usage === true;
  const frame = (piece: string, tokens: number, reason: string | null): Frame => {
    const choices = [{ index: 0, text: piece, logprobs: null, finish_reason: reason }];
    const chunk = { ...envelope(call), choices, ...(withUsage ? { usage: null } : {}) };
    return { data: `data: ${JSON.stringify(chunk)}\n\n`, tokens };
  };
  const frames = pieces(text).map((piece) => frame(piece, 1, null));
  frames.push(frame('', 0, finish));
  if (withUsage) {
    const chunk = { ...envelope(call), choices: [], usage: usageFields(usage) };
    frames.push({ data: `data: ${JSON.stringify(chunk)}\n\n`, tokens: 0 });
  }
  frames.push({ data: 'data: [DONE]\n\n', tokens: 0 });
  return frames;
}

function envelope(call: Call): object {
  return {
    id: `cmpl-${call.id}`,
    object: 'text_completion',
    created: call.createdS,
    model: call.model,
    system_fingerprint: 'fp_sim',
  };
}
