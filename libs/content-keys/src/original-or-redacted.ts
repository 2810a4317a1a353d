// Content of policy `redacted` is there twice: as it was, for as long as its job needs it, and masked.
import { type ContentRef } from '@libs/events/content';
import { isFault } from '@libs/faults/faults';

/** The original while it can be read, then the redacted copy. @throws what `read` throws */
export async function originalOrRedacted<T>(
  ref: ContentRef, read: (ref: ContentRef) => Promise<T>,
): Promise<T> {
  try {
    return await read(ref);
  } catch (error) {
    if (ref.redacted === undefined || !isFault(error, 'content_not_kept')) throw error;
    return read(ref.redacted);
  }
}
