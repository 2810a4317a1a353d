// Asks the API of administration on behalf of a command.
import { type AccessFlags, adminAccess } from './access';
import { type ApiAnswer, type ApiCall, callApi, callApiOk, okBody } from './api-client';

export interface AdminFlags extends AccessFlags {
  readonly json?: boolean;
}

/** @throws Failure with the server's own words when it refuses. */
export async function askAdmin(flags: AdminFlags, call: ApiCall): Promise<unknown> {
  const { url, token } = await adminAccess(flags, process.env);
  return (await callApiOk({ url, key: token }, call)).body;
}

/** Something as it is now, and the headers by which it is changed only as it is now. */
export interface Seen {
  readonly body: unknown;
  readonly ifMatch: Readonly<Record<string, string>>;
}

/** null: there is none. @throws Failure when it cannot be told. */
export async function lookAt(flags: AdminFlags, path: string): Promise<Seen | null> {
  const { url, token } = await adminAccess(flags, process.env);
  const answer = await callApi({ url, key: token }, { path });
  return answer.status === 404 ? null : seen(answer);
}

function seen(answer: ApiAnswer): Seen {
  const body = okBody(answer);
  const tag = answer.headers.get('etag');
  return { body, ifMatch: tag === null ? {} : { 'if-match': tag } };
}
