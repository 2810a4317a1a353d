// Rules of access as they are written in holdfast.yaml and sent to the API: what a customer, a team or
// a key may use, and whether it may at all.
import { z } from 'zod';
import type { Catalogue } from '@libs/events/catalogue';

const names = z.union([z.string().min(1).transform((name) => [name]), z.array(z.string().min(1))]);
/** Every process keeps it in memory, for every key. */
const metadataEntriesMax = 64;
const metadataCharsMax = 4096;

export const metadata = z.record(z.string(), z.string()).refine(
  (value) => Object.keys(value).length <= metadataEntriesMax
    && JSON.stringify(value).length <= metadataCharsMax,
  { error: `metadata is too big: up to ${metadataEntriesMax} entries in ${metadataCharsMax} letters` },
);

const capError = 'write a whole number above 0';
const params = z.strictObject({
  max_tokens: z.int({ error: capError }).positive({ error: capError }).optional(),
  temperature: z.strictObject({
    min: z.number().min(0).max(2).optional(), max: z.number().min(0).max(2).optional(),
  }).optional(),
  refuse: names.optional(),
  clamp: z.boolean().optional(),
});

/** At customers, teams and keys. */
export const accessFields = {
  models: names.optional(),
  providers: names.optional(),
  denied_models: names.optional(),
  denied_providers: names.optional(),
  params: params.optional(),
  metadata: metadata.optional(),
};

/** A key is `expired` by its `expires_at`, which is no state to be set. */
export const stateFields = {
  state: z.enum(['active', 'suspended']).optional(),
  suspended_reason: z.string().min(1).max(500).optional(),
};

export interface AccessYaml {
  readonly models?: readonly string[] | undefined;
  readonly providers?: readonly string[] | undefined;
  readonly denied_models?: readonly string[] | undefined;
  readonly denied_providers?: readonly string[] | undefined;
  readonly params?: z.output<typeof params> | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface StateYaml {
  readonly state?: 'active' | 'suspended' | undefined;
  readonly suspended_reason?: string | undefined;
}

type Rules = Pick<Catalogue['TeamSet'],
  'models' | 'providers' | 'denied_models' | 'denied_providers' | 'params' | 'metadata'>;

/** What rules nothing is left out: it is the same as not said. */
export function buildAccess(yaml: AccessYaml): Rules {
  return {
    ...listOf('models', without(yaml.models)),
    ...listOf('providers', without(yaml.providers)),
    ...buildDenials(yaml),
    ...(Object.keys(yaml.metadata ?? {}).length === 0 ? {} : { metadata: { ...yaml.metadata } }),
  };
}

export function buildDenials(
  yaml: AccessYaml,
): Pick<Rules, 'denied_models' | 'denied_providers' | 'params'> {
  return {
    ...listOf('denied_models', [...yaml.denied_models ?? []]),
    ...listOf('denied_providers', [...yaml.denied_providers ?? []]),
    ...(yaml.params === undefined ? {} : buildParams(yaml.params)),
  };
}

/** `*` in a list of what is allowed is the same as no list. */
export function without(list: readonly string[] | undefined): string[] {
  return (list ?? []).includes('*') ? [] : [...list ?? []];
}

/** Why a state cannot be as it is written; null: it can. */
export function stateProblem({ state, suspended_reason: reason }: StateYaml): string | null {
  if (state === 'suspended' && reason === undefined) {
    return 'say why in suspended_reason: whoever is stopped is told';
  }
  return state !== 'suspended' && reason !== undefined
    ? 'suspended_reason goes with state: suspended' : null;
}

function buildParams(yaml: NonNullable<AccessYaml['params']>): Pick<Rules, 'params'> {
  const { max_tokens: cap, temperature, refuse = [], clamp = false } = yaml;
  if (cap === undefined && temperature === undefined && refuse.length === 0) return {};
  return {
    params: {
      ...(cap === undefined ? {} : { max_tokens: cap }),
      // OpenAI's range; Anthropic's ends at 1.
      ...(temperature === undefined ? {}
        : { temperature: { min: temperature.min ?? 0, max: temperature.max ?? 2 } }),
      refused: refuse,
      clamp,
    },
  };
}

function listOf<N extends string>(name: N, list: string[]): Partial<Record<N, string[]>> {
  return list.length === 0 ? {} : { [name]: list } as Record<N, string[]>;
}
