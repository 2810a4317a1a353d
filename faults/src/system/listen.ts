// Listens on a port of loopback, also again on the one it had before.
import { type AddressInfo, type Server } from 'node:net';
import { patiently } from './patience';

/** `port` 0: any that is free; the port. Somebody's outgoing connection may have it for a moment. */
export async function listen(server: Server, port: number): Promise<number> {
  return patiently(`listen on port ${port}`, () => new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  }));
}
