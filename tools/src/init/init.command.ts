// `holdfast init`: makes what must exist in NATS, for clusters and compose files.
import { type Command } from 'commander';
import { natsServices, renderUsers } from '@libs/jetstream/permissions';
import { Failure } from '../shared/failure';
import { withExamples } from '../shared/flags';
import { makeTopology } from '../shared/make-topology';
import { terminal } from '../shared/terminal';
import { within } from '../shared/within';
import { foreignServerBytes } from '../supervisor/log-room';
import { withoutCredentials } from '../supervisor/start-stores';
import { randomSecret } from '../supervisor/secrets';

/** In a compose file or a cluster NATS may be starting at the same time. */
const madeWithinMs = 60_000;

interface Flags {
  readonly natsConfig?: boolean;
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
    .option('--nats-config', 'only print the users and their permissions for nats.conf')
    .option('--json', 'print JSON');
  withExamples(command, [
    'init --replicas 3', 'init --nats-config > users.conf',
  ]);
  command.addHelpText('after', `
--nats-config takes passwords from NATS_PASSWORD_ADMIN, NATS_PASSWORD_INGRESS, …_ROUTER, …_WORKERS
and …_AUDIT, and makes those that are not set.`);
  command.action(async (flags: Flags) => {
    if (flags.natsConfig === true) { printUsers(flags); return; }
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

function printUsers(flags: Flags): void {
  const passwordOf = (name: string): string =>
    process.env[`NATS_PASSWORD_${name.toUpperCase()}`] ?? randomSecret();
  const names = ['admin', ...natsServices] as const;
  const passwords = Object.fromEntries(names.map((name) => [name, passwordOf(name)])) as
    Record<(typeof names)[number], string>;
  terminal(flags.json).print(flags.json === true
    ? JSON.stringify({ config: renderUsers(passwords), passwords })
    : renderUsers(passwords).trimEnd());
}
