// What may have to be raised, before it is known whether it was.
import type { AlertData } from '@libs/events/alert-events';

type Body<D> = D extends AlertData ? Omit<D, 'webhooks' | 'seen' | 'now_ms'> : never;

/** An alert that is due if it was not raised before. */
export interface Due {
  readonly id: string;
  readonly tenant: string;
  readonly data: Body<AlertData>;
}
