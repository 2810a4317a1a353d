// The request header `x-sim`: what one caller asks of one call.
import { type Behaviour, behaviourSchema } from './behaviour';

const names: Readonly<Record<string, keyof Behaviour>> = {
  latency: 'latencyMs', tokens: 'tokens', tps: 'tokensPerS', fault: 'fault', status: 'status',
  retry: 'retryAfterS', after: 'afterTokens', cached: 'cachedTokens',
  reasoning: 'reasoningTokens', dripbytes: 'dripBytes', dripms: 'dripMs',
};

const none: Behaviour = {};

/** `latency=500,tokens=20,fault=reset`; a string is the complaint about a wrong one. */
export function parseDirectives(header: string): Behaviour | string {
  if (header === '') return none;
  const wanted: Record<string, string | number> = {};
  for (const part of header.split(',')) {
    const [name = '', value = ''] = part.split('=', 2).map((side) => side.trim());
    if (name === '') continue;
    const field = names[name.toLowerCase()];
    if (field === undefined) {
      return `x-sim: '${name}' is not known; known are ${Object.keys(names).join(', ')}`;
    }
    if (field === 'fault' && /^\d+$/.test(value)) wanted.status = Number(value);
    else wanted[field] = field === 'fault' || value === 'none' ? value : Number(value);
  }
  const parsed = behaviourSchema.safeParse(wanted);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `x-sim: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`;
}
