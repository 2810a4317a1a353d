// What a simulated provider was told to do: ordered steps, then chance by seed, then its defaults.
import { z } from 'zod';
import { behaviourSchema, faultNames } from './behaviour';

const stepSchema = z.strictObject({
  ...behaviourSchema.shape,
  /** How many calls it takes; then the step is over. */
  times: z.union([z.number().int().min(1), z.literal('forever')]).default(1),
  /** Calls that do not match pass the step by and leave it as it is. */
  match: z.strictObject({
    model: z.string().optional(),
    keyLast4: z.string().optional(),
    keySha256: z.string().optional(),
    promptContains: z.string().optional(),
    stream: z.boolean().optional(),
    /** Without it a step applies to calls that cost money, not to model lists or counts. */
    endpoint: z.string().optional(),
  }).default({}),
});
export type Step = z.infer<typeof stepSchema>;

export const scriptSchema = z.strictObject({
  defaults: behaviourSchema.default({}),
  steps: z.array(stepSchema).default([]),
  seed: z.number().int().default(0),
  /** Probability per fault for calls that no step takes. */
  faults: z.partialRecord(z.enum(faultNames), z.number().min(0).max(1)).default({}),
  /** What `/v1/models` lists besides the built-in models. */
  models: z.array(z.string()).default([]),
}).refine((script) => sum(Object.values(script.faults)) <= 1, 'faults: more than 1 in total');
export type Script = z.infer<typeof scriptSchema>;
export type ScriptInput = z.input<typeof scriptSchema>;

const providersSchema = z.strictObject({ providers: z.record(z.string(), scriptSchema) });

export function parseScript(value: unknown): Script {
  return parse(scriptSchema, value);
}

/** A script file: either `{providers: {name: script}}`, or the script of the default provider. */
export function parseScriptFile(value: unknown): Record<string, Script> {
  if (typeof value === 'object' && value !== null && 'providers' in value) {
    return parse(providersSchema, value).providers;
  }
  return { default: parseScript(value) };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`not a script:\n${z.prettifyError(parsed.error)}`);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
