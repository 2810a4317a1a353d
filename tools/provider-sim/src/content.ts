// Decides what the model says: words, structured JSON, or calls of tools; the same for both APIs.
import { type Call } from './call';
import { type Json, type JsonObject, asArray, asObject, asString } from './json';
import { sampleOf } from './sample';
import { answerText } from './text';
import { tokensOfChars } from './tokens';

export interface ToolCall {
  name: string;
  /** JSON text. */
  args: string;
}

export type Content =
  | { kind: 'words'; text: string; end: 'stop' | 'length' | 'filtered' }
  | { kind: 'tools'; calls: ToolCall[] };

/** A tool as both APIs give it, in one shape. */
export interface Tool {
  name: string;
  schema: Json | undefined;
}

export interface ToolWish {
  tools: Tool[];
  choice: 'auto' | 'none' | 'any' | { name: string };
  parallel: boolean;
}

export function speak(call: Call, wish: ToolWish, tokensMax: number): Content {
  if (call.behaviour.fault === 'filtered') {
    return words(call, Math.min(tokensMax, call.tokensWanted), 'filtered');
  }
  const chosen = chooseTools(call, wish);
  if (chosen.length > 0) {
    const hint = call.prompt.lastUserText;
    const calls = chosen.map(({ name, schema }) => (
      { name, args: JSON.stringify(sampleOf(schema, hint)) }
    ));
    return { kind: 'tools', calls };
  }
  const structured = structuredText(call);
  if (structured !== undefined) return { kind: 'words', text: structured, end: 'stop' };
  if (tokensMax < call.tokensWanted) return words(call, tokensMax, 'length');
  return words(call, call.tokensWanted, 'stop');
}

export function contentTokens(content: Content): number {
  if (content.kind === 'words') return tokensOfChars(content.text.length);
  return content.calls.reduce((sum, call) => sum + callTokens(call), 0);
}

export function callTokens({ name, args }: ToolCall): number {
  return tokensOfChars(name.length) + tokensOfChars(args.length);
}

/** `{type: 'json_schema'}` as OpenAI's response_format or Anthropic's output_config.format. */
function structuredText(call: Call): string | undefined {
  const format = asObject(call.body.response_format ?? asObject(call.body.output_config).format);
  if (format.type === 'json_object') {
    return JSON.stringify({ answer: answerText(call.prompt.lastUserText, call.tokensWanted) });
  }
  if (format.type !== 'json_schema') return undefined;
  const schema = format.schema ?? asObject(format.json_schema).schema;
  return JSON.stringify(sampleOf(schema, call.prompt.lastUserText));
}

function words(call: Call, tokens: number, end: 'stop' | 'length' | 'filtered'): Content {
  return { kind: 'words', text: answerText(call.prompt.lastUserText, tokens), end };
}

/** "use the tool" calls the first one, "use the tools" each of them once. */
function chooseTools(call: Call, { tools, choice, parallel }: ToolWish): Tool[] {
  const first = tools.slice(0, 1);
  if (typeof choice === 'object') {
    const named = tools.filter(({ name }) => name === choice.name);
    return named.length > 0 ? named.slice(0, 1) : first;
  }
  const asked = /use the tool(s?)\b/i.exec(call.prompt.lastUserText);
  const all = asked?.[1] !== undefined && asked[1] !== '' && parallel;
  switch (choice) {
    case 'none':
      return [];
    case 'any':
      return all ? tools : first;
    case 'auto':
      if (asked === null || call.prompt.endsWithToolResult) return [];
      return all ? tools : first;
  }
}

export function openaiTools(body: JsonObject): ToolWish {
  const tools = asArray(body.tools).map((tool) => {
    const described = asObject(asObject(tool).function ?? asObject(tool).custom);
    return { name: asString(described.name) ?? 'tool', schema: described.parameters };
  });
  const name = asString(asObject(asObject(body.tool_choice).function).name);
  const choice = name !== undefined ? { name } : openaiChoice(body.tool_choice);
  return { tools, choice, parallel: body.parallel_tool_calls !== false };
}

function openaiChoice(choice: Json | undefined): 'auto' | 'none' | 'any' {
  if (choice === 'required') return 'any';
  return choice === 'none' ? 'none' : 'auto';
}

export function anthropicTools(body: JsonObject): ToolWish {
  const tools = asArray(body.tools).map((tool) => {
    const described = asObject(tool);
    return { name: asString(described.name) ?? 'tool', schema: described.input_schema };
  });
  const wish = asObject(body.tool_choice);
  const name = wish.type === 'tool' ? asString(wish.name) : undefined;
  const choice = name !== undefined ? { name } : anthropicChoice(wish);
  return { tools, choice, parallel: wish.disable_parallel_tool_use !== true };
}

function anthropicChoice({ type }: JsonObject): 'auto' | 'none' | 'any' {
  return type === 'any' || type === 'none' ? type : 'auto';
}
