// Why a model stopped, from one surface's words to the other's.

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';
export type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'refusal';

export function finishReasonOf(stopReason: unknown): FinishReason {
  switch (stopReason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      return 'content_filter';
    // `end_turn`, `stop_sequence`, and `pause_turn` (a long turn that may be continued).
    default:
      return 'stop';
  }
}

/** Some compatible servers say `stop` after tool calls; the calls themselves are what counts. */
export function stopReasonOf(finishReason: unknown, hasToolCalls: boolean): StopReason {
  switch (finishReason) {
    case 'length':
      return 'max_tokens';
    case 'content_filter':
      return 'refusal';
    case 'tool_calls':
    case 'function_call':
      return 'tool_use';
    default:
      return hasToolCalls ? 'tool_use' : 'end_turn';
  }
}
