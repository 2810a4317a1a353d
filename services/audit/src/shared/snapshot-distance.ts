// How far apart snapshots of the past are.

/**
 * Folded in some seconds (docs/audit.md has it as measured): what one waits for a moment between two
 * snapshots. A busy fold's snapshot is some megabytes, so this is a few percent of the archive.
 */
export const snapshotEveryEvents = 200_000;
