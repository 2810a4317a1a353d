// The text of a checkpoint (C2SP tlog-checkpoint): origin, size of the tree, root; then lines of ours.
import { hashBytes } from './tree-hash';
import { type TreeHead } from './verify-proof';

export interface Checkpoint extends TreeHead {
  /** Names the log. */
  readonly origin: string;
  /** Last commit whose event lines are in the tree; null in a checkpoint that does not say. */
  readonly sequence: number | null;
}

const sequenceStart = 'holdfast-sequence ';

export function checkpointText({ origin, size, root, sequence }: Checkpoint): string {
  const extension = sequence === null ? '' : `${sequenceStart}${sequence}\n`;
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n${extension}`;
}

/** null: no checkpoint. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin, size, encoded, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || origin === '' || encoded === undefined || !text.endsWith('\n')) return null;
  if (size === undefined || !/^(0|[1-9]\d{0,15})$/.test(size)) return null;
  const root = Buffer.from(encoded, 'base64');
  if (root.length !== hashBytes || root.toString('base64') !== encoded) return null;
  const ours = extensions.find((line) => line.startsWith(sequenceStart));
  const sequence = ours === undefined ? null : Number(ours.slice(sequenceStart.length));
  if (sequence !== null && !Number.isSafeInteger(sequence)) return null;
  return { origin, size: Number(size), root, sequence };
}
