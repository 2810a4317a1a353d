// Where the signing key is and where checkpoints go, by the settings.
import path from 'node:path';
import {
  keepPublicKey, keptSigningKey, readSigningKey, type SigningKey,
} from '@libs/checkpoints/signing-key';
import { noteKeyText } from '@libs/audit-tree/signed-note';
import { type Logger } from '@libs/telemetry/logger';
import { type AuditSettings } from '../settings';

export interface CheckpointPlaces {
  readonly key: SigningKey | null;
  readonly directory: string | null;
}

/** What cannot be signed is archived all the same: a missing key is told, and stops nothing. */
export async function checkpointPlaces(
  settings: AuditSettings, logger: Logger,
): Promise<CheckpointPlaces> {
  const { HOLDFAST_DATA_DIR: dataDir, HOLDFAST_CHECKPOINT_DIR: directory } = settings;
  try {
    const key = await signingKey(settings);
    if (key === null) {
      logger.warn('checkpoints are not signed: set HOLDFAST_AUDIT_KEY, or HOLDFAST_DATA_DIR for a key '
        + 'that is made there');
    } else {
      logger.info({ publicKey: noteKeyText(key) }, 'checkpoints are signed by this key');
    }
    const kept = dataDir === undefined ? null : path.join(dataDir, 'checkpoints');
    return { key, directory: directory ?? kept };
  } catch (error) {
    logger.error({ err: error }, 'checkpoints are not signed: the key cannot be used');
    return { key: null, directory: null };
  }
}

async function signingKey(settings: AuditSettings): Promise<SigningKey | null> {
  const { HOLDFAST_DATA_DIR: dataDir, HOLDFAST_AUDIT_ORIGIN: origin } = settings;
  const secrets = dataDir === undefined ? null : path.join(dataDir, 'secrets');
  const given = settings.HOLDFAST_AUDIT_KEY;
  if (given === undefined && secrets === null) return null;
  const key = given === undefined && secrets !== null
    ? await keptSigningKey(secrets, origin) : await readSigningKey(given ?? '', origin);
  if (secrets !== null) await keepPublicKey(secrets, key);
  return key;
}
