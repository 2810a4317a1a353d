// `holdfast up`: brings everything up in order, shows the screen, applies the configuration and its
// changes, and takes everything down when asked.
import { setTimeout as sleep } from 'node:timers/promises';
import { readDurability } from '@libs/jetstream/capabilities';
import { dataDirAt, makeDataDir, type DataDir } from '../shared/data-dir';
import { makeTopology } from '../shared/make-topology';
import { type Terminal } from '../shared/terminal';
import { choosePorts } from './choose-ports';
import { ConfigKeeper } from './config-keeper';
import { lockDataDir } from './data-dir-lock';
import { stopLeftovers } from './leftovers';
import { loadConfig, type LoadedConfig } from './load-config';
import { defaultLogMaxBytes, foreignServerBytes } from './log-room';
import { natsUserNames, natsUsers } from './nats-users';
import { showReady } from './show-ready';
import { ensureSecrets, type Secrets } from './secrets';
import {
  simulatorUrl, startService, startSimulator, type ServiceContext,
} from './start-services';
import { startDatabase, startLogServer, type StoreContext } from './start-stores';
import { listenForStop, type StopSignals } from './stop-signals';
import { Supervisor } from './supervisor';
import { type UpContext } from './up-context';
import { watchNats } from './watch-nats';

/** Resolves when everything has stopped. @throws Failure or Fault when it does not come up. */
export async function runUp(context: UpContext): Promise<void> {
  const { options, env, terminal } = context;
  // What is wrong with the configuration is said before anything is started.
  await loadConfig({ ...options, env, simUrl: 'http://127.0.0.1:1' });
  const dir = dataDirAt(options.dataDir);
  await makeDataDir(dir);
  const unlock = await lockDataDir(dir.run);
  const signals = listenForStop();
  const supervisor = new Supervisor(dir, terminal);
  void signals.forceRequested.then(() => {
    terminal.progress('not waiting any longer');
    supervisor.force();
  });
  try {
    const left = await stopLeftovers(dir);
    if (left > 0) terminal.progress(`stopped ${left} processes that an earlier run left behind`);
    await untilStopped(context, { dir, supervisor, signals });
  } finally {
    await supervisor.stop();
    await unlock();
  }
}

/** Stopping what is starting takes a moment; a fetch that is under way is left alone. */
const abortedWithinMs = 10_000;

interface Running {
  readonly dir: DataDir;
  readonly supervisor: Supervisor;
  readonly signals: StopSignals;
}

async function untilStopped(context: UpContext, running: Running): Promise<void> {
  const { signals } = running;
  const starting = new AbortController();
  const cleanups: (() => void)[] = [];
  const coming = bringUp(context, { ...running, signal: starting.signal }, cleanups);
  try {
    const first = await Promise.race([coming.then(() => null), signals.stopRequested]);
    const reason = first ?? await signals.stopRequested;
    context.terminal.progress(`${reason}: draining and stopping`);
  } finally {
    for (const cleanup of cleanups) cleanup();
    // What is only just starting has nothing to drain; its failure is then no news.
    starting.abort();
    await Promise.race([coming.catch(() => undefined), sleep(abortedWithinMs)]);
  }
}

async function bringUp(
  context: UpContext, running: Running & { signal: AbortSignal }, cleanups: (() => void)[],
): Promise<void> {
  const { options, env, terminal } = context;
  const { dir, supervisor, signal } = running;
  const secrets = await ensureSecrets(dir.secrets, env, natsUserNames);
  const ports = await choosePorts(options.host, options.port);
  const simUrl = simulatorUrl(ports);
  const config = await loadConfig({ ...options, env, simUrl });
  const stores = await startStores(context, running, secrets);
  const { log } = stores;
  await makeTopology({ url: log.adminUrl, creds: env['NATS_CREDS'], ca: env['NATS_CA'] }, {
    partitions: options.partitions, replicas: options.replicas,
    maxBytes: options.logMaxBytes
      ?? (log.part === null ? foreignServerBytes : await defaultLogMaxBytes(dir.nats)),
  });
  if (log.part !== null && log.monitorUrl !== null) {
    cleanups.push(watchNats(log.part, { monitorUrl: log.monitorUrl, dataDir: dir.nats },
      (why) => terminal.progress(why)));
  }
  const services: ServiceContext = { options, dir, env, ports, secrets, signal, ...stores };
  await startServices(services, config, supervisor, terminal);
  const keeper = new ConfigKeeper({
    ...services, simUrl, terminal,
    startSimulator: async () => {
      if (supervisor.get('sim') === null) await supervisor.add(await startSimulator(services));
    },
  });
  await keeper.applyFirst(config);
  cleanups.push(keeper.watch());
  await showReady(context, {
    services, config, durability: await readDurability(log.monitorUrl ?? undefined),
  });
}

async function startStores(
  context: UpContext, { dir, supervisor, signal }: Running & { signal: AbortSignal },
  secrets: Secrets,
): Promise<Pick<ServiceContext, 'log' | 'database'>> {
  const store: StoreContext = {
    options: context.options, dir, env: context.env, signal,
    users: natsUsers(secrets.natsPassword),
    progress: (message) => context.terminal.progress(message),
  };
  // Side by side: a first start makes a database while NATS is being fetched.
  const [log, database] = await Promise.all([
    startLogServer(store).then(async (server) => { await supervisor.add(server.part); return server; }),
    startDatabase(store).then(async (server) => { await supervisor.add(server.part); return server; }),
  ]);
  return { log, database };
}

async function startServices(
  services: ServiceContext, config: LoadedConfig, supervisor: Supervisor, terminal: Terminal,
): Promise<void> {
  terminal.progress('starting the services');
  if (config.source === 'simulated') await supervisor.add(await startSimulator(services));
  // The edge last: it is ready when those behind it are.
  const behind = (['audit', 'router', 'workers'] as const).map(async (name) =>
    supervisor.add(await startService(name, services)));
  // The first failure ends the start; the others are aborted.
  await Promise.all(behind);
  await supervisor.add(await startService('ingress', services));
}

/** For `--check`: says what is wrong, or what would be used. */
export async function checkConfig({ options, env, terminal, json }: UpContext): Promise<void> {
  const config = await loadConfig({ ...options, env, simUrl: 'http://127.0.0.1:1' });
  const { desired, source, file, notes } = config;
  if (json) { terminal.print(JSON.stringify({ ok: true, source, file, desired })); return; }
  const providers = desired.providers.map(({ provider }) => provider).join(', ');
  terminal.print(`${file ?? 'No configuration file'}: ok; providers: ${providers} (${source})`);
  for (const note of notes) terminal.print(`  ${note}`);
}

