// What a request needs from a provider, as a closed list. The router passes over a candidate that
// cannot honour a need, and says which.

export const needs = [
  'streaming', 'n', 'logprobs', 'json_schema', 'json_object', 'seed', 'tools', 'custom_tools',
  'server_tools', 'parallel_tools', 'images', 'documents', 'file_ids', 'audio', 'thinking',
  'logit_bias', 'penalties', 'stop', 'many_stops', 'top_k', 'metadata', 'service_tier',
  'prediction', 'web_search', 'cache_control', 'sampling', 'blank_stops', 'document_urls',
  'allowed_tools', 'unknown_parts',
] as const;
export type Need = (typeof needs)[number];

/** The body parameters behind a need, as `holdfast-dropped-params` names them. */
export const paramOfNeed: Readonly<Record<Need, string>> = {
  streaming: 'stream',
  n: 'n',
  logprobs: 'logprobs',
  json_schema: 'response_format',
  json_object: 'response_format',
  seed: 'seed',
  tools: 'tools',
  custom_tools: 'tools',
  server_tools: 'tools',
  parallel_tools: 'parallel_tool_calls',
  images: 'messages.image',
  documents: 'messages.document',
  file_ids: 'messages.file_id',
  audio: 'messages.audio',
  thinking: 'thinking',
  logit_bias: 'logit_bias',
  penalties: 'penalties',
  stop: 'stop',
  many_stops: 'stop',
  top_k: 'top_k',
  metadata: 'metadata',
  service_tier: 'service_tier',
  prediction: 'prediction',
  web_search: 'web_search_options',
  cache_control: 'cache_control',
  sampling: 'temperature',
  blank_stops: 'stop',
  document_urls: 'messages.document',
  allowed_tools: 'tool_choice',
  unknown_parts: 'messages',
};
