// Reads a process's settings from the environment: once, all problems reported together.
// The only place (with the tools) that touches process.env.
import { z } from 'zod';
import { Fault } from '@libs/faults/faults';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws Fault settings_invalid naming every variable that is wrong, and what it should be.
 */
export function readSettings<S extends z.ZodType>(
  schema: S, environment: Environment = process.env,
): z.infer<S> {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const problems = result.error.issues
    .map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    .join('\n');
  throw new Fault('settings_invalid', `settings are missing or wrong:\n${problems}`);
}

/** A port number given as text. */
export const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

/** A whole number given as text, with its default. */
export const whole = (fallback: number, min = 0) => z.coerce.number().int().min(min).default(fallback);

/** `true`/`1`/`yes`/`on` and their opposites. */
export const flag = (fallback: boolean) =>
  z.enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'])
    .transform((text) => ['true', '1', 'yes', 'on'].includes(text))
    .default(fallback);
