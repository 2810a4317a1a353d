// A balancer as simple as they come: asks each backend for its readiness, hands requests to those
// that are ready in turn, and repeats nothing.
import {
  Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  /** Backends that take requests now. */
  ready(): readonly string[];
  close(): Promise<void>;
}

/** As often as balancers ask; the product's grace before it closes allows for a second. */
const askEachMs = 1_000;
/** A backend that is slow to say so is not out: on a busy machine nobody would be left. */
const answerMsMax = 10_000;

export async function startBalancer(backends: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<string>();
  const ask = (): void => {
    for (const url of backends) {
      fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(answerMsMax) }).then(
        (answer) => {
          if (answer.ok) ready.add(url);
          else ready.delete(url);
        },
        () => ready.delete(url),
      );
    }
  };
  ask();
  const asking = setInterval(ask, askEachMs);
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const list = [...ready];
    turn += 1;
    const backend = list[turn % list.length];
    if (backend === undefined) outgoing.writeHead(503).end('nobody is ready');
    else pass(incoming, outgoing, backend, agent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: () => [...ready],
    close: async () => {
      clearInterval(asking);
      agent.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function pass(
  incoming: IncomingMessage, outgoing: ServerResponse, backend: string, agent: Agent,
): void {
  const { method, headers, url } = incoming;
  const options = { method, headers: endToEnd(headers), agent };
  const onward = request(`${backend}${url ?? ''}`, options, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    answer.pipe(outgoing);
    answer.once('error', () => outgoing.destroy());
  });
  onward.once('error', (error) => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end(`${backend}: ${error.message}`);
  });
  incoming.pipe(onward);
}

/** Each connection has its own: the backend's idle time is not the balancer's. */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = { ...headers };
  delete kept.connection;
  delete kept['keep-alive'];
  return kept;
}
