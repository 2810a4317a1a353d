// Renders nats.conf: loopback only, JetStream with a sync per message, users with permissions.

export interface SubjectRule {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export interface NatsUser {
  readonly user: string;
  readonly password: string;
  /** Absent: may do everything (the admin user). */
  readonly permissions?: {
    readonly publish?: SubjectRule;
    readonly subscribe?: SubjectRule;
    /** May answer requests on the reply subject they came with. */
    readonly allow_responses?: boolean;
  };
}

/** A node of a cluster on this machine. */
export interface NatsClusterNode {
  /** Names of nodes are what the others know them by: never two alike, never changed. */
  readonly serverName: string;
  readonly port: number;
  /** Cluster ports of all nodes. */
  readonly routes: readonly number[];
}

export interface NatsConfig {
  readonly host: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly storeDir: string;
  readonly maxFileStoreBytes: number;
  /** Null where the server does not know the setting. */
  readonly syncInterval: string | null;
  readonly users: readonly NatsUser[];
  /** Absent: it stands alone. */
  readonly cluster?: NatsClusterNode | undefined;
}

/** NATS' own default, kept: clients split their work so that commits and replies stay below. */
const maxPayloadBytes = 1024 * 1024;
/** Everything of ours is on disk; memory streams are not used. */
const maxMemoryStoreBytes = 64 * 1024 * 1024;

export function renderNatsConfig(config: NatsConfig): string {
  const lines = [
    '# Written by Holdfast at each start; changes made here are lost.',
    `host: ${quote(config.host)}`,
    `port: ${config.port}`,
    `http: ${quote(`127.0.0.1:${config.monitorPort}`)}`,
    `server_name: ${quote(config.cluster?.serverName ?? 'holdfast')}`,
    `max_payload: ${maxPayloadBytes}`,
    'jetstream {',
    `  store_dir: ${quote(config.storeDir)}`,
    `  max_memory_store: ${maxMemoryStoreBytes}`,
    `  max_file_store: ${config.maxFileStoreBytes}`,
    ...(config.syncInterval === null ? [] : [`  sync_interval: ${quote(config.syncInterval)}`]),
    '}',
    ...(config.cluster === undefined ? [] : renderCluster(config.host, config.cluster)),
    ...renderUsers(config.users),
  ];
  return `${lines.join('\n')}\n`;
}

/** Its own signal (SIGUSR2) makes it give its leaders away and its clients time to move. */
function renderCluster(host: string, { port, routes }: NatsClusterNode): string[] {
  return [
    'lame_duck_duration: "30s"',
    'lame_duck_grace_period: "2s"',
    'cluster {',
    '  name: "holdfast"',
    `  host: ${quote(host)}`,
    `  port: ${port}`,
    `  routes: ${JSON.stringify(routes.map((other) => `nats-route://${host}:${other}`))}`,
    '}',
  ];
}

function renderUsers(users: readonly NatsUser[]): string[] {
  if (users.length === 0) return [];
  return ['authorization {', '  users: [', ...users.map(renderUser), '  ]', '}'];
}

function renderUser({ user, password, permissions }: NatsUser): string {
  const rights = permissions === undefined ? '' : `, permissions: ${JSON.stringify(permissions)}`;
  return `    { user: ${quote(user)}, password: ${quote(password)}${rights} }`;
}

/** The configuration language takes JSON strings and JSON objects as they are. */
function quote(text: string): string {
  return JSON.stringify(text);
}
