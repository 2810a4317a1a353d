// What is known of a request after its body was read.
import { type Need } from './needs';

export interface Inspection {
  readonly kind: 'ok';
  readonly model: string;
  readonly stream: boolean;
  /** In the order of the catalogue of needs, without repeats. */
  readonly needs: readonly Need[];
  /** Of one answer; null: the client left it to the provider. */
  readonly maxOutputTokens: number | null;
  /** How many of that length are paid for. */
  readonly answers: number;
  readonly promptTokensEstimate: number;
  /** The client asked for the usage chunk of a stream (always so on Anthropic's surface). */
  readonly wantsStreamUsage: boolean;
}
