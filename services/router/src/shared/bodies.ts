// Bodies of jobs that wait for their routing, so that `JobRouted` can repeat them in its commit.
// Only a convenience: a worker reads what is not repeated at the submission's place in the log.
import { repeatedBodyBytesMax, type ContentLine } from '@libs/events/content';
import type { AnyEvent } from '@libs/events/envelope';
import type { Commit } from '@libs/log/log';

/** 64 MiB: 8,000 waiting jobs of the largest body that is repeated. */
const heldBytesMax = 64 * 1024 * 1024;
/** A content line is this much longer than its text: hash, encoding and escapes. */
const lineBytesMax = repeatedBodyBytesMax * 2;

export class Bodies {
  readonly #lines = new Map<string, string>();
  #bytes = 0;

  /** Keeps the small bodies of the jobs submitted in this commit. */
  keep(commit: Commit, events: readonly AnyEvent[]): void {
    const { contentLines } = commit;
    if (contentLines.length === 0) return;
    const bySha = new Map<string, string>();
    // `{"sha256":"` is 11 characters, the hash 64.
    for (const line of contentLines) bySha.set(line.slice(11, 75), line);
    for (const event of events) {
      if (event.type !== 'JobSubmitted' || event.data.body.bytes > repeatedBodyBytesMax) continue;
      const line = bySha.get(event.data.body.sha256);
      if (line !== undefined && line.length <= lineBytesMax) this.#set(event.subject, line);
    }
  }

  /** The job is routed or ended. */
  forget(event: AnyEvent): void {
    const line = this.#lines.get(event.subject);
    if (line === undefined) return;
    this.#bytes -= line.length;
    this.#lines.delete(event.subject);
  }

  of(job: string): ContentLine | null {
    const line = this.#lines.get(job);
    if (line === undefined) return null;
    return { sha256: line.slice(11, 75), encoding: 'utf8', text: '', wire: line };
  }

  #set(job: string, line: string): void {
    if (this.#bytes + line.length > heldBytesMax) return;
    this.#lines.set(job, line);
    this.#bytes += line.length;
  }
}
