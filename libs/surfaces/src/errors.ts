// Builds the error envelope of each surface, so that the official SDKs raise the class their users
// catch. The SDKs choose the class by HTTP status and read type, code and param from the body.
import { type Surface, type SurfaceEvent } from './surface';

export interface SurfaceErrorFields {
  readonly status: number;
  /** Closed on each surface; made from the status when absent. */
  readonly type?: string;
  readonly code?: string | null;
  readonly param?: string | null;
  readonly message: string;
  readonly jobId: string | null;
}

/** The whole body of an error response. */
export function surfaceError(surface: Surface, fields: SurfaceErrorFields): string {
  switch (surface) {
    case 'openai':
      return JSON.stringify(openaiEnvelope(fields));
    case 'anthropic':
      return JSON.stringify(anthropicEnvelope(fields));
  }
}

/** The event that ends a stream which has begun and cannot go on. */
export function surfaceErrorEvent(surface: Surface, fields: SurfaceErrorFields): SurfaceEvent {
  return { event: surface === 'anthropic' ? 'error' : null, data: surfaceError(surface, fields) };
}

export function openaiErrorType(status: number): string {
  if (status === 402) return 'billing_error';
  if (status === 403) return 'permission_error';
  if (status === 409) return 'conflict_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 504) return 'timeout_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

const anthropicTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function anthropicErrorType(status: number): string {
  return anthropicTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

function openaiEnvelope(fields: SurfaceErrorFields): object {
  return {
    error: {
      message: fields.message,
      type: fields.type ?? openaiErrorType(fields.status),
      param: fields.param ?? null,
      code: fields.code ?? null,
      ...(fields.jobId === null ? {} : { job_id: fields.jobId }),
    },
  };
}

/** `details.error_code` is where Anthropic's SDK reads `errorCode` from. */
function anthropicEnvelope(fields: SurfaceErrorFields): object {
  const { code, param } = fields;
  const details = {
    ...(typeof code === 'string' ? { error_code: code } : {}),
    ...(typeof param === 'string' ? { param } : {}),
  };
  return {
    type: 'error',
    error: {
      type: fields.type ?? anthropicErrorType(fields.status),
      message: fields.message,
      ...(Object.keys(details).length === 0 ? {} : { details }),
    },
    request_id: fields.jobId,
  };
}
