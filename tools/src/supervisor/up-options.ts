// What `holdfast up` is told: flags, which win over environment variables, which win over defaults.
import path from 'node:path';
import { z } from 'zod';
import { type Environment, port, readSettings, whole } from '@libs/settings/environment';
import { defaultDataDir } from '../shared/data-dir';

/** As the command line gives them; names as in its help text. */
export interface UpFlags {
  readonly port?: string;
  readonly host?: string;
  readonly dataDir?: string;
  readonly config?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

export interface UpOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly configFile: string;
  /** Named by somebody: it must be there. */
  readonly configRequired: boolean;
  readonly drainS: number;
  readonly replicas: number;
  readonly partitions: number;
  /** Room of the log; null: a share of what is free. */
  readonly logMaxBytes: number | null;
  readonly natsUrl: string | null;
  readonly natsAdminUrl: string | null;
  readonly databaseUrl: string | null;
  /** A disk sync per message; false only to measure what it costs. */
  readonly natsSyncAlways: boolean;
  readonly simArgs: readonly string[];
  /** More Node options for every program of ours, e.g. `--cpu-prof --cpu-prof-dir=DIR`. */
  readonly nodeArgs: readonly string[];
}

const schema = z.object({
  HOLDFAST_HOST: z.string().default('127.0.0.1'),
  HOLDFAST_PORT: port(8080),
  HOLDFAST_DATA_DIR: z.string().default(defaultDataDir),
  HOLDFAST_CONFIG: z.string().optional(),
  HOLDFAST_DRAIN_S: whole(120),
  HOLDFAST_REPLICAS: whole(1, 1),
  HOLDFAST_PARTITIONS: whole(4, 1),
  HOLDFAST_LOG_MAX_BYTES: z.coerce.number().int().positive().optional(),
  NATS_URL: z.string().optional(),
  NATS_ADMIN_URL: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  HOLDFAST_NATS_SYNC: z.enum(['always', 'default']).default('always'),
  HOLDFAST_SIM_ARGS: z.string().default(''),
  HOLDFAST_NODE_ARGS: z.string().default(''),
});

/** @throws Fault settings_invalid naming every variable that is wrong. */
export function upOptions(flags: UpFlags, env: Environment, cwd: string): UpOptions {
  const given = readSettings(schema, {
    ...env,
    ...(flags.port === undefined ? {} : { HOLDFAST_PORT: flags.port }),
    ...(flags.host === undefined ? {} : { HOLDFAST_HOST: flags.host }),
    ...(flags.dataDir === undefined ? {} : { HOLDFAST_DATA_DIR: flags.dataDir }),
    ...(flags.config === undefined ? {} : { HOLDFAST_CONFIG: flags.config }),
  });
  return {
    host: given.HOLDFAST_HOST,
    port: given.HOLDFAST_PORT,
    dataDir: path.resolve(cwd, given.HOLDFAST_DATA_DIR),
    configFile: path.resolve(cwd, given.HOLDFAST_CONFIG ?? 'holdfast.yaml'),
    configRequired: given.HOLDFAST_CONFIG !== undefined,
    drainS: given.HOLDFAST_DRAIN_S,
    replicas: given.HOLDFAST_REPLICAS,
    partitions: given.HOLDFAST_PARTITIONS,
    logMaxBytes: given.HOLDFAST_LOG_MAX_BYTES ?? null,
    natsUrl: given.NATS_URL ?? null,
    natsAdminUrl: given.NATS_ADMIN_URL ?? null,
    databaseUrl: given.DATABASE_URL ?? null,
    natsSyncAlways: given.HOLDFAST_NATS_SYNC === 'always',
    simArgs: words(given.HOLDFAST_SIM_ARGS),
    nodeArgs: words(given.HOLDFAST_NODE_ARGS),
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
