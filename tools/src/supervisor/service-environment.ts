// Which variables each service is given: its own settings, and of the caller's environment only what
// it needs. Provider keys reach the workers alone.
import { type Environment } from '@libs/settings/environment';

export type ServiceName = 'audit' | 'router' | 'workers' | 'ingress';

/** In the order in which they are stopped last to first: work ends at the edge. */
export const serviceNames: readonly ServiceName[] = ['audit', 'router', 'workers', 'ingress'];

export interface ServiceWiring {
  readonly natsUrl: string;
  readonly natsMonitorUrl: string | null;
  readonly databaseUrl: string;
  readonly host: string;
  readonly port: number;
  readonly drainS: number;
  readonly adminToken: string;
  readonly masterKey: string;
  readonly bootstrapKey: string;
  /** Where clients reach the API. */
  readonly publicUrl: string;
  /** Where audit keeps its key and the checkpoints. */
  readonly dataDir: string;
}

/** What every process may know of its surroundings. */
const plain = /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|NODE_.*|NATS_CREDS|NATS_CA|HOLDFAST_.*)$/;
/** For a test message to a webhook endpoint, and for witnesses; the router sends nothing to the outside. */
const toTheOutside = /^(HTTPS?_PROXY|NO_PROXY)$/;
const secretOfOthers = /^HOLDFAST_(ADMIN_TOKEN|MASTER_KEY|BOOTSTRAP_KEY|INSTANCE|PORT|HOST)$/;
/** Variables of ours that a worker must not take for a provider's secret either. */
const notForWorkers = /^(DATABASE_URL|NATS_ADMIN_URL|PG.*)$/;

export function serviceEnvironment(
  service: ServiceName, wiring: ServiceWiring, base: Environment,
): Record<string, string> {
  const shared = {
    ...inherited(service, base),
    NATS_URL: wiring.natsUrl,
    ...(wiring.natsMonitorUrl === null ? {} : { NATS_MONITOR_URL: wiring.natsMonitorUrl }),
    HOLDFAST_HOST: wiring.host,
    HOLDFAST_PORT: String(wiring.port),
    HOLDFAST_DRAIN_S: String(wiring.drainS),
  };
  switch (service) {
    case 'audit':
      return { ...shared, DATABASE_URL: wiring.databaseUrl, HOLDFAST_DATA_DIR: wiring.dataDir };
    case 'router': return shared;
    case 'workers':
      return {
        HOLDFAST_PUBLIC_URL: wiring.publicUrl, ...shared, HOLDFAST_MASTER_KEY: wiring.masterKey,
      };
    case 'ingress':
      return {
        ...shared,
        DATABASE_URL: wiring.databaseUrl,
        HOLDFAST_ADMIN_TOKEN: wiring.adminToken,
        HOLDFAST_MASTER_KEY: wiring.masterKey,
        HOLDFAST_BOOTSTRAP_KEY: wiring.bootstrapKey,
      };
  }
}

function inherited(service: ServiceName, base: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || secretOfOthers.test(name)) continue;
    if (isWanted(service, name)) kept[name] = value;
  }
  return kept;
}

function isWanted(service: ServiceName, name: string): boolean {
  if (service === 'workers') return !notForWorkers.test(name);
  return plain.test(name) || (service !== 'router' && toTheOutside.test(name));
}
