// What the server tells about a delivered message in its acknowledgement subject.

export interface DeliveryInfo {
  readonly deliveryCount: number;
  readonly streamSequence: number;
  /** Counts from 1 within the consumer, without gaps. */
  readonly consumerSequence: number;
  readonly storedAtMs: number;
}

/**
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time ns>.<pending>`; newer
 * servers may put `<domain>.<account>` before the stream and a token after the end.
 */
export function parseAckSubject(subject: string): DeliveryInfo {
  const tokens = subject.split('.');
  const at = tokens.length > 9 ? 6 : 4;
  return {
    deliveryCount: Number(tokens[at]),
    streamSequence: Number(tokens[at + 1]),
    consumerSequence: Number(tokens[at + 2]),
    // Nanoseconds do not fit a double: the last six digits are cut off first.
    storedAtMs: Number(tokens[at + 3]?.slice(0, -6)),
  };
}
