// Which ports the parts listen on: the usual ones where they are free, else free ones.
import { freePort, isPortFree } from '@libs/servers/free-port';
import { Failure } from '../shared/failure';

export interface Ports {
  readonly ingress: number;
  readonly router: number;
  readonly workers: number;
  readonly audit: number;
  readonly sim: number;
}

/**
 * The others follow the API's port (8081, 8082, 8083 by default) where they are free.
 * @throws Failure when the API's own port is taken: clients count on that one.
 */
export async function choosePorts(host: string, port: number): Promise<Ports> {
  if (port !== 0 && !await isPortFree(port, host)) {
    throw new Failure(`Port ${port} of ${host} is in use. Choose another with --port (0: any).`);
  }
  const next = async (offset: number): Promise<number> =>
    port !== 0 && port + offset <= 65_535 && await isPortFree(port + offset)
      ? port + offset : await freePort();
  return {
    ingress: port === 0 ? await freePort(host) : port,
    router: await next(1),
    workers: await next(2),
    audit: await next(3),
    sim: await freePort(),
  };
}
