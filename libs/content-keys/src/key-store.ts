// The port of the place where wrapped data keys are kept: small values by name. Two implementations:
// a JetStream bucket (libs/jetstream) and memory; one contract spec runs against both.

export interface StoredKey {
  readonly name: string;
  readonly value: string;
}

export abstract class KeyStore {
  /** What was stored last under this name, null when there is nothing (any more). */
  abstract get(name: string): Promise<string | null>;

  /** Stores it unless something is there. False: something is. */
  abstract create(name: string, value: string): Promise<boolean>;

  /** Stores it in the place of what is there, whose bytes are overwritten. */
  abstract replace(name: string, value: string): Promise<void>;

  /**
   * What stands under this name and is what is meant is gone when this resolves, its bytes overwritten
   * where the server keeps them. Nothing there is no error: it is repeated after a crash, when
   * another may have been made meanwhile, which stays.
   */
  abstract destroy(name: string, isMeant: (value: string) => boolean): Promise<void>;

  /** This name, if it is there, and all that are there with it and a dot before them. */
  abstract namesUnder(name: string): Promise<string[]>;

  /** Names that have a time (timed-name.ts). */
  abstract timedNames(): Promise<string[]>;

  /** Everything that is there, oldest first, what is stored meanwhile perhaps included. */
  abstract entries(): AsyncGenerator<StoredKey>;
}
