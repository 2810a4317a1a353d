// Body and query of the plain JSON endpoints (jobs, webhooks, administration), checked by a schema.
import { type FastifyRequest } from 'fastify';
import { type z } from 'zod';
import { bodyTextOf, parseBody } from './read-request';
import { type HttpRefusal, isRefusal, refusal } from './refusal';

export function readJson<S extends z.ZodType>(
  request: FastifyRequest, schema: S,
): z.infer<S> | HttpRefusal {
  const text = bodyTextOf(request);
  const body = text === '' ? {} : parseBody(text);
  return isRefusal(body) ? body : checkShape(body, schema);
}

export function readQuery<S extends z.ZodType>(
  request: FastifyRequest, schema: S,
): z.infer<S> | HttpRefusal {
  return checkShape(request.query, schema);
}

export function checkShape<S extends z.ZodType>(
  value: unknown, schema: S,
): z.infer<S> | HttpRefusal {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const param = first?.path.join('.') ?? '';
  const where = param === '' ? '' : `${param}: `;
  return refusal(400, 'invalid_value', `${where}${first?.message ?? 'not valid'}.`, { param });
}
