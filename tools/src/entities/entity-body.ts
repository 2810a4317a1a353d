// From the flags of `holdfast customers` and `holdfast teams` to the body that the API takes.
import { Failure } from '../shared/failure';
import { listOf, none, pairOf, wholeNumber } from '../shared/flag-values';

export interface EntityFlags {
  readonly name?: string;
  readonly models?: string;
  readonly deniedModels?: string;
  readonly providers?: string;
  readonly deniedProviders?: string;
  readonly maxTokens?: string;
  readonly temperature?: string;
  readonly refuse?: string;
  readonly clamp?: boolean;
  readonly metadata?: readonly string[];
  /** Of a team. */
  readonly customer?: string;
  /** Of a customer. */
  readonly weight?: string;
  readonly timeZone?: string;
}

/** What a change is laid over where the API takes a field only as a whole. */
export interface EntityNow {
  readonly params?: {
    readonly max_tokens?: number;
    readonly temperature?: { readonly min?: number; readonly max?: number };
    readonly refused?: readonly string[];
    readonly clamp?: boolean;
  };
  readonly metadata?: Readonly<Record<string, string>>;
}

export type EntityBody = Readonly<Record<string, unknown>>;

/** Names only what a flag names. @throws Failure when a flag is not what it should be. */
export function entityBody(flags: EntityFlags, now: EntityNow = {}): EntityBody {
  const { name, customer, weight, timeZone } = flags;
  return present({
    name: orNull(name), customer, time_zone: orNull(timeZone),
    weight: weight === undefined ? undefined : weightOf(weight),
    models: listOf(flags.models), denied_models: listOf(flags.deniedModels),
    providers: listOf(flags.providers), denied_providers: listOf(flags.deniedProviders),
    params: paramsOf(flags, now.params), metadata: metadataOf(flags.metadata, now.metadata),
  });
}

/** As `entityBody`. @throws Failure when nothing is named, too. */
export function changeBody(flags: EntityFlags, now: EntityNow): EntityBody {
  const body = entityBody(flags, now);
  if (Object.keys(body).length > 0) return body;
  throw new Failure('Say what changes, e.g. --name or --models; --help has all of it.');
}

function paramsOf(
  { maxTokens, temperature, refuse, clamp }: EntityFlags, now: EntityNow['params'],
): EntityBody | undefined {
  if ([maxTokens, temperature, refuse, clamp].every((flag) => flag === undefined)) return undefined;
  const params = present({
    max_tokens: either(maxTokens, now?.max_tokens, (text) => wholeNumber('--max-tokens', text)),
    temperature: either(temperature, now?.temperature, rangeOf),
    refuse: listOf(refuse) ?? now?.refused,
    clamp: clamp ?? now?.clamp,
  });
  const isBounded = 'max_tokens' in params || 'temperature' in params;
  if (clamp !== true || isBounded) return params;
  throw new Failure('--clamp brings a request into bounds: name them by --max-tokens or --temperature.');
}

/** What a flag says, nothing where it says none, else what there is. */
function either<T>(
  text: string | undefined, now: T | undefined, read: (text: string) => T,
): T | undefined {
  if (text === undefined) return now;
  return text === none ? undefined : read(text);
}

function rangeOf(text: string): { readonly min: number; readonly max: number } {
  const [, min, max] = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (min !== undefined && max !== undefined) return { min: Number(min), max: Number(max) };
  throw new Failure(`--temperature ${text}: write the lowest and the highest, e.g. 0..1, or none.`);
}

function weightOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new Failure(`--weight ${text}: write a number above 0, e.g. 2.`);
}

/** `name=` alone takes one away. */
function metadataOf(
  pairs: readonly string[] | undefined, now: EntityNow['metadata'] = {},
): Readonly<Record<string, string>> | undefined {
  if (pairs === undefined) return undefined;
  const all = Object.entries({ ...now, ...Object.fromEntries(pairs.map(pairOf)) });
  return Object.fromEntries(all.filter(([, value]) => value !== ''));
}

function orNull(text: string | undefined): string | null | undefined {
  return text === '' ? null : text;
}

function present(fields: EntityBody): EntityBody {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
