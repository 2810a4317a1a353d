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

export interface NatsConfig {
  readonly host: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly storeDir: string;
  readonly maxFileStoreBytes: number;
  /** Null where the server does not know the setting. */
  readonly syncInterval: string | null;
  readonly users: readonly NatsUser[];
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
    'server_name: "holdfast"',
    `max_payload: ${maxPayloadBytes}`,
    'jetstream {',
    `  store_dir: ${quote(config.storeDir)}`,
    `  max_memory_store: ${maxMemoryStoreBytes}`,
    `  max_file_store: ${config.maxFileStoreBytes}`,
    ...(config.syncInterval === null ? [] : [`  sync_interval: ${quote(config.syncInterval)}`]),
    '}',
    ...renderUsers(config.users),
  ];
  return `${lines.join('\n')}\n`;
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
