// Facts of webhook deliveries, written by workers to events.webhook.<p>. `subject` is the job id.
import { z } from 'zod';

const delivery = {
  delivery: z.string(),
  endpoint_id: z.string(),
  try: z.number().int(),
  duration_ms: z.number().int(),
};

export const webhookDelivered = z.object({ ...delivery, status: z.number().int() });

export const webhookAttemptFailed = z.object({
  ...delivery,
  status: z.number().int().nullable(),
  message: z.string(),
  /** From the receiver's Retry-After; the router takes the later of it and the schedule. */
  retry_after_ms: z.number().int().nullable(),
  /** 410 Gone: the endpoint is disabled and nothing more is sent to it. */
  gone: z.boolean(),
});

/** No further try by itself; visible and redrivable. */
export const webhookExhausted = z.object({ ...delivery, message: z.string() });

/** A person asked for the delivery again (written to events.job.<p>.submitted by ingress). */
export const webhookRedeliverRequested = z.object({ delivery: z.string(), endpoint_id: z.string() });
