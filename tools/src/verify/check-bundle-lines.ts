// Checks a bundle of many events: one line each, read one after the other, so that it may be larger than
// memory. The first line names the checkpoint, the last one says that nothing was cut off.
import { z } from 'zod';
import { type Checkpoint } from '@libs/audit-tree/checkpoint';
import { type NoteKey } from '@libs/audit-tree/signed-note';
import { readLines } from '../shared/read-lines';
import { bundledEvent } from './bundle';
import { type BundleChecked, checkEvent, checkSignature } from './check-bundle';
import { type Problem, problem } from './problem';

const head = z.object({
  format: z.literal('holdfast-bundle/2'),
  public_key: z.string(),
  checkpoint: z.string(),
  /** Nothing but a stretch of the log was asked for: its event lines follow each other. */
  gapless: z.boolean(),
});
const tail = z.object({ end: z.literal(true), events: z.number().int() });

/** More of them say nothing new. */
const problemsMax = 20;

/** null: it is no bundle of lines. */
export async function checkBundleLines(
  file: string, trusted: readonly NoteKey[],
): Promise<BundleChecked | null> {
  const lines = readLines(file);
  try {
    const first = await lines.next();
    const read = head.safeParse(jsonOf(first.done === true ? '' : first.value));
    if (!read.success) return null;
    const signed = checkSignature(read.data, trusted);
    if ('problems' in signed) return signed;
    const walk = new BundleWalk(signed.checkpoint, read.data.gapless);
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) walk.take(next.value);
    return { ...signed, gapless: read.data.gapless, events: walk.events, problems: walk.end() };
  } finally {
    // Closes the file, however far it was read.
    await lines.return(undefined);
  }
}

class BundleWalk {
  events = 0;
  #before = -1;
  #ended = false;
  readonly #problems: Problem[] = [];

  constructor(private readonly checkpoint: Checkpoint, private readonly gapless: boolean) {}

  take(text: string): void {
    const value = jsonOf(text);
    const last = tail.safeParse(value);
    if (last.success) {
      if (this.#ended || last.data.events !== this.events) {
        this.#note(`its last line tells of ${last.data.events} events, and there are ${this.events}`);
      }
      this.#ended = true;
      return;
    }
    const read = bundledEvent.safeParse(value);
    if (!read.success || this.#ended) {
      this.#note(`line ${this.events + 2} is no event of a bundle`);
      return;
    }
    this.events += 1;
    const { leaf_index: index } = read.data;
    const follows = this.gapless && this.#before >= 0 ? index === this.#before + 1 : index > this.#before;
    if (!follows) {
      this.#note(`event line ${index} does not follow the one before it: ${
        this.gapless ? 'event lines are missing or moved' : 'they are moved or doubled'}`);
    }
    this.#before = index;
    for (const found of checkEvent(read.data, this.checkpoint)) this.#push(found);
  }

  end(): readonly Problem[] {
    if (!this.#ended) this.#note('it was cut off: its last line is missing');
    return this.#problems;
  }

  #note(message: string): void {
    this.#push(problem('bundle', message));
  }

  #push(found: Problem): void {
    if (this.#problems.length < problemsMax) this.#problems.push(found);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever is wrong with it, it is nothing that belongs into a bundle.
    return null;
  }
}
