// What to configure: the file; for what it does not say about providers, those whose usual key
// variables are set, else simulated ones.
import { access } from 'node:fs/promises';
import { type DesiredConfig } from '@libs/governance/desired-config';
import { detectedConfig, simulatedConfig } from '@libs/settings/default-config';
import { type Environment } from '@libs/settings/environment';
import { readConfigFile } from '@libs/settings/parse-config';
import { builtInModels } from '../../provider-sim/src/behaviour';
import { Failure } from '../shared/failure';

export interface LoadedConfig {
  readonly desired: DesiredConfig;
  /** Where the providers come from. */
  readonly source: 'file' | 'environment' | 'simulated';
  /** Null: there is no file. */
  readonly file: string | null;
  readonly notes: readonly string[];
}

export interface LoadOptions {
  readonly configFile: string;
  readonly configRequired: boolean;
  readonly env: Environment;
  readonly simUrl: string;
}

/** @throws Failure or Fault settings_invalid with one line per problem. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { configFile, configRequired, env, simUrl } = options;
  const there = await access(configFile).then(() => true, () => false);
  if (!there && configRequired) throw new Failure(`There is no configuration file ${configFile}.`);
  const given = there ? readConfigFile(configFile, { environment: env, endedRaises: 'leave_out' }) : null;
  return completeConfig(given?.config ?? null, {
    detected: detectedConfig(env, Date.now()),
    simulated: withModelNames(simulatedConfig(simUrl)),
    file: there ? configFile : null,
    notes: given?.notes ?? [],
  });
}

interface Fallbacks {
  readonly detected: DesiredConfig | null;
  readonly simulated: DesiredConfig;
  readonly file: string | null;
  readonly notes: readonly string[];
}

/** The file's own word wins wherever it has one. */
export function completeConfig(
  given: DesiredConfig | null, { detected, simulated, file, notes }: Fallbacks,
): LoadedConfig {
  if (given !== null && given.providers.length > 0) {
    return { desired: given, source: 'file', file, notes };
  }
  const source = detected === null ? 'simulated' : 'environment';
  const fallback = detected ?? simulated;
  const desired = given === null ? fallback : {
    ...given,
    providers: fallback.providers,
    prices: [...fallback.prices, ...given.prices],
    settings: given.settings ?? fallback.settings,
  };
  return { desired, source, file, notes };
}

/** Any name works with the simulator; those with a meaning are listed. */
function withModelNames(config: DesiredConfig): DesiredConfig {
  const models = [...Object.keys(builtInModels), '*'];
  return { ...config, providers: config.providers.map((each) => ({ ...each, models })) };
}
