// Facts about holds whose call's end nobody learned: asked for by operators, ended by the router.
import { z } from 'zod';
import { amountPicoUsd, usage } from './usage';

/** An operator asks for the end of a hold that nobody learned: given up, or settled by the bill. */
export const holdReconcileRequested = z.object({
  /** Attempt id; `unknown:<routing>` where a routing was cut and no call of it is known by name. */
  attempt_id: z.string(),
  action: z.enum(['write_off', 'settle']),
  /** What the call cost by the provider's bill; or its usage, booked at the price of the routing. */
  cost_pico_usd: amountPicoUsd.optional(),
  usage: usage.optional(),
  actor: z.string(),
  reason: z.string(),
});
export type HoldReconcileRequested = z.infer<typeof holdReconcileRequested>;

/** From what a decision about a hold was made, so that it can be made again. */
const holdDecision = {
  seen: z.number().int().optional(),
  now_ms: z.number().int().optional(),
  /** Id of the `HoldReconcileRequested` it answers; absent: by policy. */
  request: z.string().optional(),
};

/** The hold is given up. The routing stays unknown: a late word of its calls is booked all the same. */
export const holdWrittenOff = z.object({
  routing: z.number().int(),
  /** `policy`, or what the operator gave. */
  reason: z.string(),
  /** null: no call of the routing is known by name. */
  attempt_id: z.string().nullable().optional(),
  /** What was held; null: it could not be estimated. */
  amount_pico_usd: amountPicoUsd.nullable().optional(),
  actor: z.string().optional(),
  ...holdDecision,
});

/** A call whose end nobody learned is booked as an operator found it on the provider's bill. */
export const holdReconciled = z.object({
  routing: z.number().int(),
  /** The call; `unknown:<job>:<routing>` stands in for one that is not known by name. */
  attempt_id: z.string(),
  provider: z.string(),
  key: z.string(),
  model: z.string(),
  usage: usage.nullable(),
  cost_pico_usd: amountPicoUsd,
  /** What was held for it; null: it could not be estimated. */
  amount_pico_usd: amountPicoUsd.nullable(),
  actor: z.string(),
  reason: z.string(),
  ...holdDecision,
});
