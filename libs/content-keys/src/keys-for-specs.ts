// For specs: keys over a store in memory.
import { Secret } from '@libs/settings/secret';
import { ContentKeys } from './content-keys';
import { InMemoryKeyStore } from './in-memory-key-store';
import { type KeyStore } from './key-store';
import { MasterKey } from './master-key';

export function keysForSpecs(
  store: KeyStore = new InMemoryKeyStore(), parts: { now?: () => number; keysMax?: number } = {},
): ContentKeys {
  return new ContentKeys({
    store, master: new MasterKey(new Secret('master')), now: Date.now, ...parts,
  });
}
