// Several sources of claims as one, smallest tree first.
import { type Claim } from './claims';

export class Claims {
  readonly #heads: { readonly source: AsyncGenerator<Claim>; next: Claim | null }[] = [];

  static async of(sources: readonly AsyncGenerator<Claim>[]): Promise<Claims> {
    const claims = new Claims();
    for (const source of sources) claims.#heads.push({ source, next: await nextOf(source) });
    return claims;
  }

  /** Tree size of the next claim; Infinity when there is none. What is no checkpoint comes at once. */
  get nextSize(): number {
    return Math.min(...this.#heads.map(sizeOf));
  }

  async take(): Promise<Claim | null> {
    const size = this.nextSize;
    const head = this.#heads.find((one) => one.next !== null && sizeOf(one) === size);
    if (head === undefined) return null;
    const taken = head.next;
    head.next = await nextOf(head.source);
    return taken;
  }
}

function sizeOf({ next }: { readonly next: Claim | null }): number {
  return next === null ? Infinity : next.checkpoint?.size ?? 0;
}

async function nextOf(source: AsyncGenerator<Claim>): Promise<Claim | null> {
  const { value, done } = await source.next() as IteratorResult<Claim, undefined>;
  return done === true ? null : value;
}
