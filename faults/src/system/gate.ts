// A door before each simulated provider that can be shut: connections are refused then, as by a
// machine that is away. The simulator itself goes on and keeps its ledger.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from './listen';

export interface Gate {
  readonly url: string;
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function startGate(target: string): Promise<Gate> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const makeServer = (): Server => createServer((client) => {
    const upstream = connect(Number(targetPort), hostname);
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      // What one side does to its end, abrupt or not, the other one gets to see.
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  let server: Server | null = null;
  let port = 0;
  const gate: Gate = {
    get url() { return `http://127.0.0.1:${port}`; },
    open: async () => {
      if (server !== null) return;
      const opening = makeServer();
      server = opening;
      port = await listen(opening, port);
    },
    shut: async () => {
      const closing = server;
      server = null;
      if (closing === null) return;
      const closed = new Promise<void>((resolve) => void closing.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  await gate.open();
  return gate;
}
