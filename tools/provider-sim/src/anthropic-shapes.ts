// The pieces of an Anthropic message that its whole and its streamed form share.
import { type Content } from './content';
import { type BilledUsage } from './tokens';

export interface Reply {
  id: string;
  model: string;
  content: Content;
  thinking: string;
  usage: BilledUsage;
}

/** The message before anything was said. */
export function emptyMessage({ id, model }: Reply): object {
  return {
    id, type: 'message', role: 'assistant', model, content: [], container: null,
    diagnostics: null, stop_reason: null, stop_sequence: null, stop_details: null,
  };
}

/** Input tokens exclude what was read from or written to the cache. */
export function usageFields({ usage }: Reply, outputTokens: number): object {
  return {
    input_tokens: usage.prompt - usage.cached - usage.cacheWrite,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cached,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0,
    },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: Math.min(outputTokens, usage.reasoning) },
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: null,
  };
}

export function stopReason(content: Content): string {
  if (content.kind === 'tools') return 'tool_use';
  const reasons = { stop: 'end_turn', length: 'max_tokens', filtered: 'refusal' };
  return reasons[content.end];
}

export function stopDetails(content: Content): object | null {
  return stopReason(content) === 'refusal'
    ? { type: 'refusal', category: null, explanation: null } : null;
}

export function toolBlock(id: string, at: number, name: string): object {
  return { type: 'tool_use', id: `toolu_${id}_${at}`, name, caller: { type: 'direct' } };
}

export function signatureOf(id: string): string {
  return Buffer.from(`signed ${id}`).toString('base64');
}
