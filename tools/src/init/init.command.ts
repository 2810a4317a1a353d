// `holdfast init`: makes what must exist in NATS, for clusters and compose files.
import { type Command } from 'commander';
import { natsServices } from '@libs/jetstream/permissions';
import { Failure } from '../shared/failure';
import { withExamples } from '../shared/flags';
import { makeTopology } from '../shared/make-topology';
import { terminal } from '../shared/terminal';
import { within } from '../shared/within';
import { foreignServerBytes } from '../supervisor/log-room';
import { withoutCredentials } from '../supervisor/start-stores';
import { randomSecret } from '../supervisor/secrets';
import { replaceFile } from '../shared/write-file';
import { renderServerConfig } from './nats-server-config';

/** In a compose file or a cluster NATS may be starting at the same time. */
const madeWithinMs = 60_000;

interface Flags {
  /** A file to write; true: to print. */
  readonly natsConfig?: string | true;
  readonly nodes?: string;
  readonly storeDir: string;
  readonly partitions: string;
  readonly replicas: string;
  readonly maxBytes: string;
  readonly json?: boolean;
}

export function addInit(program: Command): void {
  const env = process.env;
  const command = program.command('init')
    .description('make the stream, buckets and consumer in NATS (NATS_ADMIN_URL); safe to repeat')
    .option('--partitions <n>', 'fixed when the stream is made',
      env['HOLDFAST_PARTITIONS'] ?? '4')
    .option('--replicas <n>', '3 on a cluster', env['HOLDFAST_REPLICAS'] ?? '1')
    .option('--max-bytes <n>', 'room of the log',
      env['HOLDFAST_LOG_MAX_BYTES'] ?? String(foreignServerBytes))
    .option('--nats-config [file]', 'only print, or write, nats.conf with the users of the services')
    .option('--nodes <hosts>', 'host names of the cluster\'s NATS nodes, separated by commas')
    .option('--store-dir <path>', 'where the NATS server keeps the log', '/data')
    .option('--json', 'print JSON');
  withExamples(command, [
    'init --replicas 3', 'init --nats-config nats.conf --nodes nats-1,nats-2,nats-3',
  ]);
  command.addHelpText('after', `
--nats-config takes passwords from NATS_ADMIN_PASSWORD, NATS_INGRESS_PASSWORD, …_ROUTER_…,
…_WORKERS_… and …_AUDIT_…, and makes and prints those that are not set.`);
  command.action(async (flags: Flags) => {
    if (flags.natsConfig !== undefined) { await natsConfig(flags, flags.natsConfig); return; }
    await init(flags);
  });
}

async function init(flags: Flags): Promise<void> {
  const env = process.env;
  const url = env['NATS_ADMIN_URL'] ?? env['NATS_URL'];
  if (url === undefined) throw new Failure('Name the NATS server in NATS_ADMIN_URL.');
  const making = makeTopology({ url, creds: env['NATS_CREDS'], ca: env['NATS_CA'] }, {
    partitions: Number(flags.partitions), replicas: Number(flags.replicas),
    maxBytes: Number(flags.maxBytes),
  });
  const topology = await within(making, madeWithinMs,
    `NATS at ${withoutCredentials(url)} did not answer within ${madeWithinMs / 1_000} s.`);
  const { created, partitionCount, maxBytes } = topology;
  terminal(flags.json).print(flags.json === true
    ? JSON.stringify(topology)
    : `${created ? 'made' : 'was there'}: stream EVENTS, ${partitionCount} partitions, room for ${
      maxBytes} bytes`);
}

async function natsConfig(flags: Flags, file: string | true): Promise<void> {
  const made: Record<string, string> = {};
  const passwordOf = (name: string): string => {
    const variable = `NATS_${name.toUpperCase()}_PASSWORD`;
    const given = process.env[variable] ?? '';
    return given === '' ? made[variable] ??= randomSecret() : given;
  };
  const names = ['admin', ...natsServices] as const;
  const passwords = Object.fromEntries(names.map((name) => [name, passwordOf(name)])) as
    Record<(typeof names)[number], string>;
  const nodes = (flags.nodes ?? '').split(',').map((node) => node.trim()).filter((node) => node !== '');
  const config = renderServerConfig({ passwords, nodes, storeDir: flags.storeDir });
  const out = terminal(flags.json);
  if (file !== true) await replaceFile(file, config);
  if (flags.json === true) out.print(JSON.stringify({ config, passwords }));
  else if (file === true) out.print(config.trimEnd());
  for (const [variable, value] of Object.entries(made)) out.progress(`${variable}=${value}`);
}
