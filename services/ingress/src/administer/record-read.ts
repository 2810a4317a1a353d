// Writes down that somebody is about to be given prompts or answers through administration or
// audit. Content leaves only behind this: what cannot be written down is not read. A client that
// asks for its own job does not pass here.
import { type Catalogue } from '@libs/events/catalogue';
import { type Edge } from '../shared/edge';
import { type Actor, whoOf } from '../shared/actor';

export interface Read {
  /** The way it was asked for, e.g. `audit/exports`. */
  readonly path: string;
  /** null: of many jobs, as `filter` says. */
  readonly job: string | null;
  /** The customer; `system` where it is of several. */
  readonly tenant: string;
  readonly parts: Catalogue['ContentRead']['parts'];
  readonly sequence?: number;
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
}

/** @throws Fault log_unavailable, log_full: then no content is given out, and the answer is a 503. */
export async function recordRead(edge: Edge, actor: Actor, read: Read): Promise<void> {
  const { tenant, ...data } = read;
  await edge.appends.recordAccess({
    type: 'ContentRead', subject: read.job ?? read.path, tenant,
    data: { ...whoOf(actor), ...data, parts: [...read.parts] },
  });
}
