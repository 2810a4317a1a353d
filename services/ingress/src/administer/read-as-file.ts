// Reads a provider or a route of the API by the code that reads holdfast.yaml, so that both take
// the same shape with the same defaults and messages.
import { type DesiredConfig } from '@libs/governance/desired-config';
import { type GovernanceState } from '@libs/governance/state';
import { parseConfig } from '@libs/settings/parse-config';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { type Body } from './entity-kind';

type Provider = DesiredConfig['providers'][number];
type Route = DesiredConfig['routes'][number];

const secretRef = /^(env:[A-Za-z_]\w*|file:\/.+)$/;

/**
 * Secrets are resolved in the workers: what their references name need not be here, so each is read
 * under a stand-in. Nothing of this process's own environment can be read through the API.
 */
export function readProvider(body: Body): Provider | HttpRefusal {
  const refs = new Map<string, string>();
  const environment: Record<string, string> = {};
  const text = JSON.stringify({ providers: [body] }, (_, value: unknown) => {
    if (typeof value !== 'string' || !secretRef.test(value)) return value;
    const name = `HOLDFAST_SECRET_${refs.size}`;
    refs.set(`env:${name}`, value);
    environment[name] = 'stand-in';
    return `env:${name}`;
  });
  const config = parse(text, environment);
  if (isRefusal(config)) return config;
  const [provider] = config.providers;
  if (provider === undefined) return refusal(400, 'invalid_value', 'A provider needs an id.');
  const keys = provider.keys.map((key) => ({
    ...key, secret: key.secret === null ? null : refs.get(key.secret) ?? key.secret,
  }));
  return { ...provider, keys };
}

/** A route is checked against the providers there are. */
export function readRoute(state: GovernanceState, body: Body): Route | HttpRefusal {
  const providers = [...state.providers.values()].map(({ provider, kind }) => ({
    id: provider, type: kind, api_key: 'env:HOLDFAST_SECRET',
  }));
  const text = JSON.stringify({ providers, routes: [body] });
  const config = parse(text, { HOLDFAST_SECRET: 'stand-in' });
  if (isRefusal(config)) return config;
  return config.routes[0] ?? refusal(400, 'invalid_value', 'A route needs a model.');
}

/** JSON is YAML. */
function parse(text: string, environment: Record<string, string>): DesiredConfig | HttpRefusal {
  const parsed = parseConfig(text, { environment });
  if (parsed.ok) return parsed.config;
  const problems = parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  return refusal(400, 'invalid_value', `${problems}.`);
}
