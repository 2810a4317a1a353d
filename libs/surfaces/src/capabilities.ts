// Which needs a kind of provider can honour on which endpoint, natively or translated, so that the
// router passes over a candidate with a reason.
import { isLegacyClaude } from './anthropic/models';
import { type Need } from './needs';
import { type Endpoint, type ProviderKind, surfaceOf } from './surface';

/** How a need fares. `hint`: left out without changing what the answer means, and named. */
export type Honour = 'native' | 'translated' | 'hint' | 'unsupported';

/** Endpoints that only their own kind can serve. */
const untranslated: ReadonlySet<Endpoint> = new Set([
  '/v1/completions', '/v1/embeddings', '/v1/messages/count_tokens',
]);

export function canServe(kind: ProviderKind, endpoint: Endpoint): boolean {
  return surfaceOf(endpoint) === kind || !untranslated.has(endpoint);
}

/** The needs that rule this candidate out (empty: it can do the job). */
export function unmetNeeds(
  target: { readonly kind: ProviderKind; readonly model: string },
  endpoint: Endpoint,
  needs: readonly Need[],
): Need[] {
  return needs.filter((need) => honours(target, endpoint, need) === 'unsupported');
}

export function honours(
  target: { readonly kind: ProviderKind; readonly model: string },
  endpoint: Endpoint,
  need: Need,
): Honour {
  const surface = surfaceOf(endpoint);
  if (surface === target.kind) return 'native';
  if (need === 'json_schema' && target.kind === 'anthropic' && isLegacyClaude(target.model)) {
    return 'unsupported';
  }
  return target.kind === 'anthropic' ? chatOnAnthropic[need] : messagesOnOpenai[need];
}

const chatOnAnthropic: Readonly<Record<Need, Honour>> = {
  streaming: 'native',
  n: 'unsupported',
  logprobs: 'unsupported',
  json_schema: 'translated',
  // By an instruction in the system prompt: Anthropic has no JSON mode without a schema.
  json_object: 'translated',
  seed: 'unsupported',
  tools: 'translated',
  custom_tools: 'unsupported',
  server_tools: 'unsupported',
  parallel_tools: 'translated',
  images: 'translated',
  documents: 'translated',
  // Files live at the provider that they were sent to.
  file_ids: 'unsupported',
  audio: 'unsupported',
  thinking: 'translated',
  logit_bias: 'unsupported',
  penalties: 'unsupported',
  stop: 'translated',
  many_stops: 'translated',
  top_k: 'translated',
  metadata: 'hint',
  service_tier: 'hint',
  prediction: 'hint',
  web_search: 'unsupported',
  cache_control: 'translated',
  sampling: 'translated',
  // Anthropic refuses stop sequences of white space alone.
  blank_stops: 'unsupported',
  document_urls: 'translated',
  // Which tools may be called cannot be said there apart from which exist.
  allowed_tools: 'unsupported',
  unknown_parts: 'unsupported',
};

const messagesOnOpenai: Readonly<Record<Need, Honour>> = {
  streaming: 'native',
  n: 'unsupported',
  logprobs: 'unsupported',
  json_schema: 'translated',
  json_object: 'translated',
  seed: 'translated',
  tools: 'translated',
  custom_tools: 'unsupported',
  server_tools: 'unsupported',
  parallel_tools: 'translated',
  images: 'translated',
  documents: 'translated',
  file_ids: 'unsupported',
  audio: 'unsupported',
  thinking: 'translated',
  logit_bias: 'unsupported',
  penalties: 'unsupported',
  stop: 'translated',
  many_stops: 'unsupported',
  top_k: 'unsupported',
  // Only `user_id`, which becomes `user`.
  metadata: 'translated',
  service_tier: 'hint',
  prediction: 'hint',
  web_search: 'unsupported',
  // OpenAI caches by itself; the mark has no counterpart and no effect on the answer.
  cache_control: 'hint',
  sampling: 'translated',
  blank_stops: 'translated',
  // OpenAI's file parts carry the data itself.
  document_urls: 'unsupported',
  allowed_tools: 'unsupported',
  unknown_parts: 'unsupported',
};
