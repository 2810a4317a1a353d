// `/v1/chat/completions`, whole and streamed.
import { type Answer, type Call, type Complaint, type Frame } from './call';
import { type Content, type ToolCall, contentTokens, openaiTools, speak } from './content';
import { asCount, asObject } from './json';
import { openaiUsage, usageFields } from './openai-usage';
import { type BilledUsage, pieces, tokensOfChars } from './tokens';

/** As many as the real API takes. */
const CHOICES_MAX = 128;

export function answerChat(call: Call): Answer | Complaint {
  const { body } = call;
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    return {
      error: 'bad_request', param: 'messages',
      message: "Missing required parameter: 'messages'.",
    };
  }
  const tokensMax = asCount(body.max_completion_tokens) ?? asCount(body.max_tokens) ?? Infinity;
  const content = speak(call, openaiTools(body), tokensMax);
  const choices = Math.min(CHOICES_MAX, Math.max(1, asCount(body.n) ?? 1));
  const usage = openaiUsage(call, contentTokens(content) * choices);
  return {
    usage,
    body: () => chatBody(call, { content, choices, usage }),
    frames: () => chatFrames(call, { content, choices, usage }),
  };
}

interface Said {
  content: Content;
  choices: number;
  usage: BilledUsage;
}

/** Put together as text: a benchmark's upstream spends most of its own time here. */
function chatBody(call: Call, { content, choices, usage }: Said): string {
  const said = content.kind === 'words'
    ? `"content":${JSON.stringify(content.text)}`
    : `"content":null,"tool_calls":${JSON.stringify(toolCalls(call, content.calls))}`;
  const rest = `"message":{"role":"assistant",${said},"refusal":null,"annotations":[]},`
    + `"logprobs":null,"finish_reason":"${finishReason(content)}"}`;
  let list = `{"index":0,${rest}`;
  for (let index = 1; index < choices; index++) list += `,{"index":${index},${rest}`;
  return `{"id":"chatcmpl-${call.id}","object":"chat.completion","created":${call.createdS},`
    + `"model":${JSON.stringify(call.model)},"choices":[${list}],`
    + `"usage":${JSON.stringify(usageFields(usage))},`
    + '"service_tier":"default","system_fingerprint":"fp_sim"}';
}

function chatFrames(call: Call, { content, choices, usage }: Said): Frame[] {
  const withUsage = asObject(call.body.stream_options).include_usage === true;
  const head = `data: {"id":"chatcmpl-${call.id}","object":"chat.completion.chunk",`
    + `"created":${call.createdS},"model":${JSON.stringify(call.model)},`
    + '"service_tier":"default","system_fingerprint":"fp_sim","choices":[';
  const tail = withUsage ? '],"usage":null}\n\n' : ']}\n\n';
  const frames: Frame[] = [];
  for (let index = 0; index < choices; index++) {
    const add = (delta: string, tokens: number, finish = 'null'): void => {
      const end = `"logprobs":null,"finish_reason":${finish}}`;
      const choice = `{"index":${index},"delta":${delta},${end}`;
      frames.push({ data: head + choice + tail, tokens });
    };
    addChoice(call, content, add);
  }
  if (withUsage) {
    const data = `${head}],"usage":${JSON.stringify(usageFields(usage))}}\n\n`;
    frames.push({ data, tokens: 0 });
  }
  frames.push({ data: 'data: [DONE]\n\n', tokens: 0 });
  return frames;
}

type AddDelta = (delta: string, tokens: number, finish?: string) => void;

function addChoice(call: Call, content: Content, add: AddDelta): void {
  if (content.kind === 'words') {
    add('{"role":"assistant","content":"","refusal":null}', 0);
    for (const piece of pieces(content.text)) add(`{"content":${JSON.stringify(piece)}}`, 1);
  } else {
    add('{"role":"assistant","content":null,"refusal":null}', 0);
    content.calls.forEach((one, at) => addToolCall(call, one, { at, add }));
  }
  add('{}', 0, `"${finishReason(content)}"`);
}

/** First the name with empty arguments, then the arguments in pieces, as the real API does. */
function addToolCall(call: Call, one: ToolCall, { at, add }: { at: number; add: AddDelta }): void {
  const opening = { index: at, ...toolCall(call, { name: one.name, args: '' }, at) };
  add(JSON.stringify({ tool_calls: [opening] }), tokensOfChars(one.name.length));
  for (const piece of pieces(one.args)) {
    add(JSON.stringify({ tool_calls: [{ index: at, function: { arguments: piece } }] }), 1);
  }
}

function toolCalls(call: Call, calls: ToolCall[]): object[] {
  return calls.map((one, at) => toolCall(call, one, at));
}

function toolCall(call: Call, { name, args }: ToolCall, at: number): object {
  return { id: `call_${call.id}_${at}`, type: 'function', function: { name, arguments: args } };
}

function finishReason(content: Content): string {
  if (content.kind === 'tools') return 'tool_calls';
  return content.end === 'filtered' ? 'content_filter' : content.end;
}
