// Which keys sign, where checkpoints go and who is asked to witness them, by the settings.
import path from 'node:path';
import { type NoteKey, noteKeyText } from '@libs/audit-tree/signed-note';
import {
  keepPublicKey, keptSigningKey, publicKeysFileName, readPublicKeys, readSigningKey, type SigningKey,
  signingKeysNow, signingWith,
} from '@libs/checkpoints/signing-key';
import { Witness } from '@libs/checkpoints/witness';
import { egressProxy } from '@libs/settings/egress-proxy';
import { type Logger } from '@libs/telemetry/logger';
import { type AuditSettings } from '../settings';

export interface CheckpointPlaces {
  /** null: nothing is signed, the tree alone is kept. */
  readonly keys: SigningKeys | null;
  /** null: checkpoints are events only. */
  readonly directory: string | null;
  readonly witnesses: readonly Witness[];
}

export interface SigningKeys {
  /** Looked up for each checkpoint: a key is replaced without a restart. */
  now(nowMs: number): Promise<SigningKey>;
  /** The public halves of those that sign, and of those that did. */
  known(): Promise<readonly NoteKey[]>;
}

/** What cannot be signed is archived all the same: a missing key is told, and stops nothing. */
export async function checkpointPlaces(
  settings: AuditSettings, logger: Logger,
): Promise<CheckpointPlaces> {
  const { HOLDFAST_DATA_DIR: dataDir, HOLDFAST_CHECKPOINT_DIR: directory } = settings;
  const witnesses = settings.HOLDFAST_AUDIT_WITNESSES.map((address) =>
    new Witness(address, egressProxy(settings)));
  try {
    const keys = await signingKeys(settings);
    if (keys === null) {
      logger.warn('checkpoints are not signed: set HOLDFAST_AUDIT_KEY, or HOLDFAST_DATA_DIR for a key '
        + 'that is made there');
    } else {
      logger.info({ publicKey: noteKeyText(await keys.now(Date.now())) },
        'checkpoints are signed by this key');
    }
    const kept = dataDir === undefined ? null : path.join(dataDir, 'checkpoints');
    return { keys, directory: directory ?? kept, witnesses };
  } catch (error) {
    logger.error({ err: error }, 'checkpoints are not signed: the key cannot be used');
    return { keys: null, directory: null, witnesses: [] };
  }
}

async function signingKeys(settings: AuditSettings): Promise<SigningKeys | null> {
  const { HOLDFAST_DATA_DIR: dataDir, HOLDFAST_AUDIT_ORIGIN: origin } = settings;
  const secrets = dataDir === undefined ? null : path.join(dataDir, 'secrets');
  const given = settings.HOLDFAST_AUDIT_KEY;
  if (given !== undefined) {
    const [key, ...former] = await Promise.all(given.split(',').map((file) =>
      readSigningKey(file.trim(), origin)));
    if (key === undefined) return null;
    const both = signingWith(key, former);
    if (secrets !== null) for (const one of [key, ...former]) await keepPublicKey(secrets, one);
    const known = secrets === null
      ? () => Promise.resolve([key, ...former]) : () => readPublicKeys(path.join(secrets, publicKeysFileName));
    return { now: () => Promise.resolve(both), known };
  }
  if (secrets === null) return null;
  await keepPublicKey(secrets, await keptSigningKey(secrets, origin));
  return {
    now: async (nowMs) => {
      const { key, former } = await signingKeysNow(secrets, origin, nowMs);
      return signingWith(key, former);
    },
    known: () => readPublicKeys(path.join(secrets, publicKeysFileName)),
  };
}
