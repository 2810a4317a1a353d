// Starts the four services and, when it is needed, the provider simulator.
import { type Environment } from '@libs/settings/environment';
import { type DataDir } from '../shared/data-dir';
import { type Ports } from './choose-ports';
import { type Secrets } from './secrets';
import {
  serviceEnvironment, type ServiceName, type ServiceWiring,
} from './service-environment';
import { startProgram } from './start-service';
import { type DatabaseServer, type LogServer } from './start-stores';
import { type Part } from './supervised';
import { type UpOptions } from './up-options';

export interface ServiceContext {
  readonly options: UpOptions;
  readonly dir: DataDir;
  readonly env: Environment;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly log: LogServer;
  readonly database: DatabaseServer;
  /** Aborted when everything is to stop while it is still starting. */
  readonly signal: AbortSignal;
}

/** A service that is told to stop needs a moment beyond its own drain time. */
const beyondDrainMs = 10_000;

export function publicUrl({ options, ports }: Pick<ServiceContext, 'options' | 'ports'>): string {
  const everywhere = ['0.0.0.0', '::'].includes(options.host);
  const host = everywhere ? '127.0.0.1' : options.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${ports.ingress}`;
}

export async function startService(name: ServiceName, context: ServiceContext): Promise<Part> {
  const { options, dir, ports } = context;
  const url = name === 'ingress' ? publicUrl(context) : `http://127.0.0.1:${ports[name]}`;
  return await startProgram(dir, {
    name,
    program: `services/${name}/main.js`,
    nodeArgs: options.nodeArgs,
    env: serviceEnvironment(name, wiring(name, context), context.env),
    url,
    readyPath: '/health/ready',
    stopGraceMs: options.drainS * 1_000 + beyondDrainMs,
  }, context.signal);
}

export async function startSimulator(
  { dir, options, ports, env, signal }: Omit<ServiceContext, 'secrets' | 'log' | 'database'>,
): Promise<Part> {
  return await startProgram(dir, {
    name: 'sim',
    program: 'tools/provider-sim.js',
    nodeArgs: options.nodeArgs,
    args: ['--port', String(ports.sim), ...options.simArgs],
    env: { PATH: env['PATH'] ?? '' },
    url: simulatorUrl(ports),
    readyPath: '/v1/models',
    stopGraceMs: 3_000,
  }, signal);
}

export function simulatorUrl(ports: Ports): string {
  return `http://127.0.0.1:${ports.sim}`;
}

function wiring(name: ServiceName, context: ServiceContext): ServiceWiring {
  const { options, ports, secrets, log, database } = context;
  return {
    natsUrl: log.urlFor(name),
    natsMonitorUrl: log.monitorUrl,
    databaseUrl: database.url,
    host: name === 'ingress' ? options.host : '127.0.0.1',
    port: ports[name],
    drainS: options.drainS,
    adminToken: secrets.adminToken.value,
    masterKey: secrets.masterKey.value,
    bootstrapKey: secrets.bootstrapKey.value,
    publicUrl: publicUrl(context),
    dataDir: context.dir.root,
  };
}
