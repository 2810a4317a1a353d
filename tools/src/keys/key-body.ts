// From the flags of `holdfast keys create` to the body that the API takes.
import { listOf, pairOf } from '../shared/flag-values';

export interface CreateFlags {
  readonly id?: string;
  readonly customer?: string;
  readonly team?: string;
  readonly name?: string;
  readonly models?: string;
  readonly deniedModels?: string;
  readonly providers?: string;
  readonly deniedProviders?: string;
  readonly maxTokens?: string;
  readonly clamp?: boolean;
  readonly expires?: string;
  readonly metadata?: readonly string[];
}

/** @throws Failure when a flag is not what it should be. */
export function keyBody(flags: CreateFlags): object {
  const { id, customer, team, name, maxTokens, clamp, expires, metadata } = flags;
  const body = {
    id, customer, team, name, expires_at: expires,
    models: listOf(flags.models), denied_models: listOf(flags.deniedModels),
    providers: listOf(flags.providers), denied_providers: listOf(flags.deniedProviders),
    params: maxTokens === undefined ? undefined : { max_tokens: Number(maxTokens), clamp },
    metadata: metadata === undefined ? undefined : Object.fromEntries(metadata.map(pairOf)),
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
