// For specs: an ingress over real HTTP with the in-memory log and signals.
import { InMemoryKeyStore } from '@libs/content-keys/in-memory-key-store';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { openSubjectKeys } from '@libs/content-keys/subject-keys';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { readSettings } from '@libs/settings/environment';
import { Secret } from '@libs/settings/secret';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { Health } from '@libs/telemetry/health';
import { createLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { type Ingress, startIngress } from './ingress';
import { ScriptedSystem } from './scripted-system';
import { ingressSettings } from './settings';
import { type JobArchive, NoArchive } from './shared/job-archive';

export const specKey = 'hf-spec-key';
export const specAdminToken = 'admin-token';

export interface SpecIngress {
  readonly ingress: Ingress;
  readonly log: InMemoryLog;
  readonly keys: InMemoryKeyStore;
  readonly signals: InMemorySignals;
  readonly system: ScriptedSystem;
  readonly url: string;
  stop(): Promise<void>;
}

export async function startForSpecs(
  environment: Readonly<Record<string, string>> = {},
  parts: { bytesMax?: number; archive?: JobArchive } = {},
): Promise<SpecIngress> {
  const log = new InMemoryLog(parts.bytesMax === undefined ? {} : { bytesMax: parts.bytesMax });
  const keys = new InMemoryKeyStore();
  const bus = new InMemorySignalBus();
  const signals = new InMemorySignals(bus);
  const system = new ScriptedSystem(log, new InMemorySignals(bus), keysForSpecs(keys));
  await system.start();
  const instance = 'ingress-spec';
  const ingress = await startIngress({
    log,
    signals,
    partitionCount: 4,
    instance,
    settings: readSettings(ingressSettings, {
      HOLDFAST_PORT: '0', HOLDFAST_ADMIN_TOKEN: specAdminToken, HOLDFAST_MASTER_KEY: 'master',
      HOLDFAST_BOOTSTRAP_KEY: specKey, HOLDFAST_LOG_LEVEL: 'silent', ...environment,
    }),
    archive: parts.archive ?? new NoArchive(),
    subjectKeys: await openSubjectKeys(keys, new Secret('master'), Date.now),
    health: new Health(),
    registry: createRegistry('ingress', instance),
    logger: createLogger({
      service: 'ingress', instance, level: environment.HOLDFAST_LOG_LEVEL ?? 'silent',
    }),
    now: Date.now,
    onStopped: () => undefined,
    durability: 'unknown',
  });
  return {
    ingress, log, keys, signals, system,
    url: `http://127.0.0.1:${ingress.port}`,
    stop: () => ingress.drain({ graceMs: 0, limitMs: 0 }),
  };
}

/** A request with the spec's key. */
export function post(
  spec: SpecIngress, path: string, body: unknown, headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${spec.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${specKey}`, 'content-type': 'application/json', ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export function get(
  spec: SpecIngress, path: string, headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${spec.url}${path}`, {
    headers: { authorization: `Bearer ${specKey}`, ...headers },
  });
}

export const chat = { model: 'small', messages: [{ role: 'user', content: 'Hi' }] };
