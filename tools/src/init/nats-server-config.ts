// The whole nats.conf of servers that are not started by `holdfast up`: alone, or nodes of a cluster.
import { renderUsers } from '@libs/jetstream/permissions';

export interface NatsServerConfig {
  readonly passwords: Parameters<typeof renderUsers>[0];
  /** Host names of all nodes; none: a server alone. */
  readonly nodes: readonly string[];
  readonly storeDir: string;
}

const clusterPort = 6222;

export function renderServerConfig({ passwords, nodes, storeDir }: NatsServerConfig): string {
  return [
    '# Made by `holdfast init --nats-config`: the same for every node.',
    'port: 4222',
    'http: 8222',
    // NATS' own default: commits and replies stay below.
    'max_payload: 1048576',
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeDir)}`,
    // What was acknowledged survives a power loss.
    '  sync_interval: "always"',
    '}',
    ...(nodes.length === 0 ? [] : clusterLines(nodes)),
    renderUsers(passwords).trimEnd(),
    '',
  ].join('\n');
}

function clusterLines(nodes: readonly string[]): string[] {
  const routes = nodes.map((node) => `nats-route://${node}:${clusterPort}`);
  return [
    // Of each node its own, and never changed: set NATS_SERVER_NAME where it runs.
    'server_name: $NATS_SERVER_NAME',
    // A node that is sent SIGUSR2 gives its leaders away and lets its clients go before it ends.
    'lame_duck_duration: "30s"',
    'lame_duck_grace_period: "2s"',
    'cluster {',
    '  name: "holdfast"',
    `  port: ${clusterPort}`,
    `  routes: ${JSON.stringify(routes)}`,
    '}',
  ];
}
