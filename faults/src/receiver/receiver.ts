// A webhook receiver as a customer would write one: verifies signatures with `standardwebhooks`,
// notes what came, and fails on request.
import {
  createServer, type IncomingHttpHeaders, type Server, type ServerResponse,
} from 'node:http';
import { Webhook } from 'standardwebhooks';
import { type WebhookNote } from '../notes';
import { listen } from '../system/listen';

export type ReceiverMood =
  | { readonly kind: 'well' }
  /** Nobody listens: connections are refused. */
  | { readonly kind: 'down' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'failing'; readonly status: number };

export interface Receiver {
  readonly notes: readonly WebhookNote[];
  /** Where the endpoint of that name is reached. */
  urlOf(endpoint: string): string;
  /** Secret of an endpoint's registration. */
  trust(endpoint: string, secret: string): void;
  /** This endpoint answers 410 from now on. */
  retire(endpoint: string): void;
  setMood(mood: ReceiverMood): Promise<void>;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const notes: WebhookNote[] = [];
  const secrets = new Map<string, Webhook>();
  const retired = new Set<string>();
  let mood: ReceiverMood = { kind: 'well' };
  let port = 0;

  const answer = ({ endpoint, headers, body, response }: Delivery): void => {
    const status = retired.has(endpoint) ? 410 : mood.kind === 'failing' ? mood.status : 200;
    const note = (sent: number | null): void => {
      notes.push({
        atMs: Date.now(), webhookId: String(headers['webhook-id']), body, status: sent,
        verified: verifies(secrets.get(endpoint), headers, body),
      });
    };
    const send = (): void => {
      if (response.destroyed) { note(null); return; }
      response.writeHead(status).end();
      note(status);
    };
    if (mood.kind === 'slow') setTimeout(send, mood.delayMs);
    else send();
  };
  const makeServer = (): Server => createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => { body += text; });
    request.on('end', () => answer({
      endpoint: (request.url ?? '').slice(1), headers: request.headers, body, response,
    }));
  });
  let server = makeServer();
  const open = async (): Promise<void> => {
    server = makeServer();
    port = await listen(server, port);
  };
  const close = (): Promise<void> => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
  await open();
  return {
    notes, close,
    urlOf: (endpoint) => `http://127.0.0.1:${port}/${endpoint}`,
    trust: (endpoint, secret) => void secrets.set(endpoint, new Webhook(secret)),
    retire: (endpoint) => void retired.add(endpoint),
    setMood: async (next) => {
      const before = mood.kind;
      mood = next;
      if (next.kind === 'down' && before !== 'down') await close();
      if (next.kind !== 'down' && before === 'down') await open();
    },
  };
}

interface Delivery {
  readonly endpoint: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly response: ServerResponse;
}

function verifies(
  webhook: Webhook | undefined, headers: IncomingHttpHeaders, body: string,
): boolean {
  try {
    webhook?.verify(body, headers as Record<string, string>);
    return webhook !== undefined;
  } catch {
    return false; // A wrong signature is what the check of webhooks reports.
  }
}
