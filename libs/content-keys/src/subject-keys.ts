// What a process needs to seal content by data subject: the store, the cache over it, the names.
import { type Secret } from '@libs/settings/secret';
import { ContentKeys } from './content-keys';
import { type KeyStore } from './key-store';
import { MasterKey } from './master-key';
import { SubjectNames } from './subject-names';

export interface SubjectKeys {
  readonly store: KeyStore;
  readonly keys: ContentKeys;
  readonly names: SubjectNames;
}

/** @throws Fault log_unavailable; content_key_missing when another master key was used before. */
export async function openSubjectKeys(
  store: KeyStore, masterKey: Secret, now: () => number,
): Promise<SubjectKeys> {
  const master = new MasterKey(masterKey);
  const names = await SubjectNames.open(store, master, now());
  return { store, keys: new ContentKeys({ store, master, now }), names };
}
