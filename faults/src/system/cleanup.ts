// What has to be taken down again, in the opposite order of how it was brought up; once, also when
// the campaign is interrupted.

export class Cleanup {
  readonly #ends: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | null = null;

  add(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  /** Goes on after an end that fails; the first failure is thrown when all are through. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => { this.#running = null; });
    return this.#running;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) {
      await end().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
