// One simulated provider: its script, how far the script has run, its prompt cache.
import { createHash } from 'node:crypto';
import {
  type Behaviour, type FaultName, builtInModels,
} from './behaviour';
import { type Script, type Step } from './script';
import { draw, hash32 } from './text';

/** What a step may ask about a call; the costly questions are functions. */
export interface CallFacts {
  endpoint: string;
  costsMoney: boolean;
  model: string;
  stream: boolean;
  credential: string;
  promptHas: (part: string) => boolean;
}

export interface Provider {
  name: string;
  script: Script;
  remaining: number[];
  draws: number;
  cachedPrefixes: Set<string>;
}

/** Prefixes remembered per provider; the oldest is forgotten first. */
const PREFIXES_MAX = 10_000;

export function newProvider(name: string, script: Script): Provider {
  const provider = { name, script, remaining: [], draws: 0, cachedPrefixes: new Set<string>() };
  setScript(provider, script);
  return provider;
}

/** Starts the script from its first step. */
export function setScript(provider: Provider, script: Script): void {
  provider.script = script;
  provider.remaining = script.steps.map(({ times }) => (times === 'forever' ? Infinity : times));
  provider.draws = 0;
}

/** Takes the call through the script; steps and chance advance by it. */
export function nextBehaviour(provider: Provider, facts: CallFacts): Behaviour {
  const base = { ...provider.script.defaults, ...builtInModels[facts.model] };
  const step = takeStep(provider, facts);
  if (step !== undefined) return { ...base, ...step };
  if (!facts.costsMoney) return withoutFault(base);
  const fault = chance(provider);
  return fault === undefined ? base : { ...base, fault };
}

/** A plain number, or one drawn from the range by the provider's seed. */
export function settle(
  provider: Provider, value: number | [number, number] | undefined, fallback: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number') return value;
  return value[0] + nextDraw(provider) * (value[1] - value[0]);
}

/** Whether this prefix was cached by an earlier call; from now on it is. */
export function rememberPrefix(provider: Provider, prefix: string): boolean {
  const digest = createHash('sha256').update(prefix).digest('base64');
  if (provider.cachedPrefixes.has(digest)) return true;
  if (provider.cachedPrefixes.size >= PREFIXES_MAX) {
    for (const oldest of provider.cachedPrefixes) {
      provider.cachedPrefixes.delete(oldest);
      break;
    }
  }
  provider.cachedPrefixes.add(digest);
  return false;
}

function takeStep(provider: Provider, facts: CallFacts): Step | undefined {
  const { steps } = provider.script;
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at];
    const left = provider.remaining[at] ?? 0;
    if (step === undefined || left === 0 || !matches(step, facts)) continue;
    provider.remaining[at] = left - 1;
    return step;
  }
  return undefined;
}

function matches({ match }: Step, facts: CallFacts): boolean {
  if (match.endpoint === undefined ? !facts.costsMoney : match.endpoint !== facts.endpoint) {
    return false;
  }
  if (match.model !== undefined && match.model !== facts.model) return false;
  if (match.stream !== undefined && match.stream !== facts.stream) return false;
  if (match.keyLast4 !== undefined && match.keyLast4 !== facts.credential.slice(-4)) return false;
  if (match.keySha256 !== undefined && match.keySha256 !== sha256(facts.credential)) return false;
  return match.promptContains === undefined || facts.promptHas(match.promptContains);
}

function withoutFault(behaviour: Behaviour): Behaviour {
  return { ...behaviour, fault: undefined, status: undefined };
}

function chance(provider: Provider): FaultName | undefined {
  const odds = provider.script.faults;
  let left = -1;
  for (const fault in odds) {
    if (left < 0) left = nextDraw(provider);
    left -= odds[fault as FaultName] ?? 0;
    if (left < 0) return fault as FaultName;
  }
  return undefined;
}

/** The name is part of the seed: providers with the same seed still differ. */
function nextDraw(provider: Provider): number {
  return draw(hash32(provider.name) ^ provider.script.seed, provider.draws++);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
