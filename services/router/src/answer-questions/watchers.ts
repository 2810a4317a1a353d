// Which ingress waits for which job, so that it is told in log order when the job settles.
// Not persisted: an ingress that hears nothing asks again, and watches again by asking.

/** Beyond this a new watch is refused; the ingress then asks again each five seconds. */
const watchedMax = 200_000;

export class Watchers {
  readonly #byJob = new Map<string, Set<string>>();

  add(job: string, ingress: string): void {
    const known = this.#byJob.get(job);
    if (known !== undefined) known.add(ingress);
    else if (this.#byJob.size < watchedMax) this.#byJob.set(job, new Set([ingress]));
  }

  remove(job: string, ingress: string): void {
    const known = this.#byJob.get(job);
    known?.delete(ingress);
    if (known?.size === 0) this.#byJob.delete(job);
  }

  /** Those who wait for this job; they are told once. */
  take(job: string): readonly string[] {
    const known = this.#byJob.get(job);
    if (known === undefined) return [];
    this.#byJob.delete(job);
    return [...known];
  }
}
