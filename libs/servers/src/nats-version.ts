// Versions of nats-server: reading, comparing, and what each can do.

export interface NatsVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Below this, features that make Holdfast comfortable are missing; a newer one is preferred. */
export const preferredNats: NatsVersion = { major: 2, minor: 12, patch: 0 };

/** Reads `nats-server: v2.15.1` or `2.15.1`; null for anything else. */
export function parseNatsVersion(text: string): NatsVersion | null {
  const match = /v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (match === null) return null;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

export function isAtLeast(version: NatsVersion, wanted: NatsVersion): boolean {
  if (version.major !== wanted.major) return version.major > wanted.major;
  if (version.minor !== wanted.minor) return version.minor > wanted.minor;
  return version.patch >= wanted.patch;
}

/** `sync_interval: always` came with 2.10; older servers refuse the unknown field. */
export function canSyncAlways(version: NatsVersion): boolean {
  return isAtLeast(version, { major: 2, minor: 10, patch: 0 });
}

export function versionText({ major, minor, patch }: NatsVersion): string {
  return `${major}.${minor}.${patch}`;
}
