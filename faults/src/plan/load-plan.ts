// From a seed to the requests of the mixed load, one after the other. Pure.
import { seededRandom, type SeededRandom } from '@libs/test-kit/seeded-random';

/**
 * sync, stream: with the official SDKs. async: left behind and asked for later. webhook: left
 * behind and told. repeat: the same idempotency key twice. cancel: left behind and canceled. leave:
 * the caller goes away while it waits. probe: a sync call without retries, for measuring. spend: one
 * on a key with little money.
 */
export type Shape =
  | 'sync' | 'stream' | 'async' | 'webhook' | 'repeat' | 'cancel' | 'leave' | 'probe'
  | 'spend';
export type LoadShape = Exclude<Shape, 'probe' | 'spend'>;
export type Surface = 'openai' | 'anthropic';

export interface PlannedRequest {
  /** Travels as the job's metadata and as the end user named to the provider. */
  readonly request: string;
  readonly shape: LoadShape;
  readonly tenant: number;
  readonly surface: Surface;
  /** The route asked for: `chat` has two providers, `solo` one. */
  readonly model: 'chat' | 'solo';
  readonly promptChars: number;
  readonly tokensMax: number;
  readonly keyed: boolean;
  /** Of the second of two repeats, of a cancel, of a caller that leaves. */
  readonly delayMs: number;
  /** Time until the next request. */
  readonly gapMs: number;
}

const mix: readonly (readonly [LoadShape, number])[] = [
  ['sync', 0.36], ['stream', 0.22], ['webhook', 0.16], ['async', 0.1], ['repeat', 0.08],
  ['cancel', 0.05], ['leave', 0.03],
];
/** Above 128 KiB: such content goes to the object store. */
const largePromptChars = 150_000;

export function* planLoad(
  seed: number, { tenants, perSecond }: { readonly tenants: number; readonly perSecond: number },
): Generator<PlannedRequest, never> {
  const random = seededRandom(seed ^ 0x10ad);
  for (let number = 1; ; number += 1) {
    const shape = drawShape(random);
    const leftBehind = shape === 'webhook' || shape === 'async' || shape === 'cancel';
    yield {
      request: `r${number}`,
      shape,
      tenant: random.whole(0, tenants - 1),
      surface: random.chance(0.6) ? 'openai' : 'anthropic',
      model: leftBehind && random.chance(0.2) ? 'solo' : 'chat',
      promptChars: random.chance(0.01) ? largePromptChars : random.whole(20, 1_200),
      tokensMax: random.whole(4, 160),
      keyed: shape === 'repeat' || (leftBehind ? random.chance(0.7) : random.chance(0.5)),
      delayMs: random.whole(0, shape === 'repeat' ? 2_000 : 300),
      // Arrivals of independent callers.
      gapMs: -Math.log(1 - random.next()) * (1_000 / perSecond),
    };
  }
}

function drawShape(random: SeededRandom): LoadShape {
  let left = random.next();
  for (const [shape, share] of mix) {
    left -= share;
    if (left < 0) return shape;
  }
  return 'sync';
}
