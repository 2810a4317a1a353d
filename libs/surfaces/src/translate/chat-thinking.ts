// `reasoning_effort` as Anthropic's thinking: by budget on older models, by effort on newer ones,
// and not at all where Anthropic would refuse it.
import { thinksAdaptively, isLegacyClaude, outputTokensDefault } from '../anthropic/models';
import { isObject, type JsonObject, objectsOf, textOf } from '../json';
import { anthropicEffort, budgetOfEffort, thinkingBudgetMin } from './effort';
import { type Losses } from './translation';

export interface Thinking {
  readonly thinking: JsonObject | null;
  readonly outputConfig: JsonObject;
  /** To be added to a default `max_tokens`, which has to cover thinking and answer. */
  readonly budgetTokens: number;
}

export interface ThinkingWish {
  readonly chat: JsonObject;
  readonly model: string;
  /** The translated messages. */
  readonly messages: readonly JsonObject[];
  /** The client forces a tool call, which Anthropic does not combine with thinking. */
  readonly isForced: boolean;
  readonly maxTokens: number | null;
}

export function thinkingFor(wish: ThinkingWish, losses: Losses): Thinking {
  // Several gateways take Anthropic's own field on OpenAI's surface.
  const own = wish.chat.thinking;
  const effort = textOf(wish.chat.reasoning_effort);
  if (!isObject(own) && (effort === '' || effort === 'none')) return none;
  const param = isObject(own) ? 'thinking' : 'reasoning_effort';
  if (wish.isForced || hasUnthoughtToolTurn(wish.messages)) {
    losses.hints.add(param);
    return none;
  }
  if (isObject(own)) return { thinking: own, outputConfig: {}, budgetTokens: 0 };
  if (thinksAdaptively(wish.model)) {
    const outputConfig = { effort: anthropicEffort(effort) };
    return { thinking: { type: 'adaptive' }, outputConfig, budgetTokens: 0 };
  }
  return byBudget(wish, effort, losses);
}

const none: Thinking = { thinking: null, outputConfig: {}, budgetTokens: 0 };

/** The budget counts toward `max_tokens` and must stay below it. */
function byBudget(wish: ThinkingWish, effort: string, losses: Losses): Thinking {
  const cannotThink = isLegacyClaude(wish.model) && /claude-(2|3-5|3-(opus|sonnet|haiku))/.test(
    wish.model,
  );
  // At least as much is left for the answer as for a default one where the client set a bound.
  const room = wish.maxTokens === null
    ? Number.POSITIVE_INFINITY
    : wish.maxTokens - Math.min(outputTokensDefault(wish.model), Math.floor(wish.maxTokens / 2));
  const budget = Math.min(budgetOfEffort(effort), room);
  if (cannotThink || budget < thinkingBudgetMin) {
    losses.hints.add('reasoning_effort');
    return none;
  }
  return {
    thinking: { type: 'enabled', budget_tokens: budget }, outputConfig: {}, budgetTokens: budget,
  };
}

/**
 * A turn that called tools without its thinking (the client did not send it back, or another kind
 * of provider made it) cannot be continued with thinking on: Anthropic answers 400.
 */
function hasUnthoughtToolTurn(messages: readonly JsonObject[]): boolean {
  const lastAsked = messages.findLastIndex(
    (message) => message.role === 'user'
      && !objectsOf(message.content).some((block) => block.type === 'tool_result'),
  );
  return messages.slice(lastAsked + 1).some((message) => {
    if (message.role !== 'assistant') return false;
    const blocks = objectsOf(message.content);
    const first = blocks[0]?.type;
    return blocks.some((block) => block.type === 'tool_use')
      && first !== 'thinking' && first !== 'redacted_thinking';
  });
}
