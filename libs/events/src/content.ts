// Content (prompts, answers) apart from facts: addressed by SHA-256, so that it can be retained,
// encrypted and erased by its own rules while the events that name it stay as they are.
import { z } from 'zod';

/** Content up to here travels as a line of the commit; above it goes to the object store first. */
export const inlineContentBytesMax = 128 * 1024;

/** `JobRouted` repeats a body up to here, so that workers rarely read it back. */
export const repeatedBodyBytesMax = 8 * 1024;

const stored = {
  /** Of what is stored: of the ciphertext where it is sealed. */
  sha256: z.string(),
  /** Size of the plain content. */
  bytes: z.number().int(),
  /** `line`: a content line of the same commit. `object`: in the object store under its sha256. */
  where: z.enum(['line', 'object']),
  /** The data key that it is sealed by (libs/content-keys); absent: it is not. */
  key_id: z.string().optional(),
};

export const contentRef = z.object({
  ...stored,
  /** Policy `hash`: of the content itself, so that who has the text can prove that it was this one. */
  plain_sha256: z.string().optional(),
  /** Policy `redacted`: the copy that stays when the key of the original is destroyed. */
  redacted: z.object(stored).optional(),
});

/** Points from an event to its content. */
export type ContentRef = z.infer<typeof contentRef>;

/** A content line of a commit. `text` is the content itself (JSON bodies are text), or it sealed. */
export interface ContentLine {
  readonly sha256: string;
  readonly encoding: 'utf8' | 'base64';
  readonly key_id?: string;
  readonly text: string;
  /** The line as it is written, for one that is passed on as it was read; `text` is not used then. */
  readonly wire?: string;
}

/** Where an event stands: sequence of its commit and index of its line in it. */
export const linePosition = z.object({ sequence: z.number().int(), line: z.number().int() });
export type LinePosition = z.infer<typeof linePosition>;
