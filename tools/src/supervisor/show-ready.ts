// Says that everything runs: the screen, or one line of JSON.
import { type Durability } from '@libs/jetstream/capabilities';
import { type LoadedConfig } from './load-config';
import { type UpContext } from './up-context';
import { renderScreen } from './screen';
import { type KeptSecret } from './secrets';
import { publicUrl, type ServiceContext } from './start-services';

export interface ReadyFacts {
  readonly services: ServiceContext;
  readonly config: LoadedConfig;
  readonly durability: Durability;
}

export async function showReady(
  { terminal, json, options }: UpContext, { services, config, durability }: ReadyFacts,
): Promise<void> {
  const { secrets, log, database } = services;
  const url = publicUrl(services);
  if (json) {
    terminal.print(JSON.stringify({
      ready: true, url, durability, nats: log.description, postgres: database.description,
      providers: config.desired.providers.map(({ provider }) => provider),
      first_key_file: secrets.bootstrapKey.file, admin_token_file: secrets.adminToken.file,
      data_dir: options.dataDir,
    })); return;
  }
  const shown = ({ value, file }: KeptSecret, variable: string) => ({ value, file, variable });
  terminal.print(renderScreen({
    url, durability, nats: log.description, postgres: database.description,
    providers: config.desired.providers.map(describeProvider),
    simulated: config.source === 'simulated',
    configFile: config.file,
    model: await askableModel(url, secrets.bootstrapKey.value) ?? firstModel(config),
    key: shown(secrets.bootstrapKey, 'HOLDFAST_BOOTSTRAP_KEY'),
    adminToken: shown(secrets.adminToken, 'HOLDFAST_ADMIN_TOKEN'),
    dataDir: options.dataDir,
    terminal: terminal.interactive,
  }));
}

type Provider = LoadedConfig['desired']['providers'][number];

function describeProvider({ provider, kind, models, default_model: model }: Provider): string {
  const named = models.includes('*') ? 'any model' : models.join(', ');
  return `${provider} (${kind}): ${named}${model === null ? '' : `; answers with ${model} by default`}`;
}

function firstModel({ desired }: LoadedConfig): string {
  const [provider] = desired.providers;
  return desired.routes[0]?.model ?? provider?.default_model ?? provider?.models[0] ?? 'chat';
}

/** A name that the API itself lists. */
async function askableModel(url: string, key: string): Promise<string | null> {
  const answer = await fetch(`${url}/v1/models`, {
    headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(5_000),
  }).then((response) => response.ok ? response.json() : null, () => null) as
    { data?: { id?: string }[] } | null;
  return answer?.data?.find(({ id }) => id?.includes('*') === false)?.id ?? null;
}
