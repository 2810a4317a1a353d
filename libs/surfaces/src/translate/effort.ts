// How much a model may think: OpenAI's `reasoning_effort` and Anthropic's thinking budget.

/** Anthropic refuses smaller budgets. */
export const thinkingBudgetMin = 1024;

/** The budgets that gateways have settled on for OpenAI's levels (LiteLLM, OpenRouter). */
const budgets: Readonly<Record<string, number>> = {
  minimal: thinkingBudgetMin,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
};

export function budgetOfEffort(effort: string): number {
  return budgets[effort] ?? thinkingBudgetMin * 8;
}

export function effortOfBudget(budgetTokens: number): 'low' | 'medium' | 'high' {
  if (budgetTokens <= 2048) return 'low';
  return budgetTokens <= 8192 ? 'medium' : 'high';
}

/** Anthropic's `output_config.effort` has no `minimal`. */
export function anthropicEffort(effort: string): string {
  return effort === 'minimal' ? 'low' : effort;
}

/** OpenAI has no `max`. */
export function openaiEffort(effort: string): string {
  return effort === 'max' ? 'xhigh' : effort;
}
