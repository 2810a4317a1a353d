// Facts of erasures (events.governance): asked for, and done. They name nobody: a data subject stands
// there by its keyed hash.
import { z } from 'zod';

const erasure = {
  /** The name of the data subject, as in `JobSubmitted`. */
  data_subject: z.string(),
  /** The keys that were there when it was asked for: these are destroyed. */
  keys: z.array(z.string()),
  /** Jobs of this subject that the archive had; null: it could not be asked. */
  jobs: z.number().int().nullable(),
  reason: z.string(),
  actor: z.string(),
};

/** Whoever finds it without its `SubjectErased` carries it out. */
export const erasureRequested = z.object(erasure);

/** The keys are destroyed: nothing that they sealed can be read any more. */
export const subjectErased = z.object({ ...erasure, requested_at_ms: z.number().int() });
