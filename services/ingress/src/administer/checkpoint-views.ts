// Checkpoints of the log as a list: what was signed, from the events that say so.
import { type Catalogue } from '@libs/events/catalogue';

interface FoundCheckpoint {
  readonly seq: number;
  readonly event: { readonly time: string; readonly data: Catalogue['CheckpointSigned'] };
}

/** As `GET /audit/v1/checkpoint` shows the last one; `seq` is the commit that the event stands in. */
export function checkpointViews(data: unknown): object[] {
  return (data as readonly FoundCheckpoint[]).map(({ seq, event: { time, data: signed } }) => ({
    object: 'checkpoint', origin: signed.origin ?? null, tree_size: signed.tree_size,
    root: Buffer.from(signed.root, 'hex').toString('base64'), sequence: signed.sequence ?? null,
    note: signed.note, key_id: signed.key_id ?? null, seq, signed_at: time,
  }));
}
