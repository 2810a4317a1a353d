// Starts the simulator: one HTTP server for any number of simulated providers.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { type Controls, handleAdmin } from './admin';
import { handleCall } from './handle-call';
import { type Floor } from './intake';
import { type LedgerFile, openLedgerFile } from './ledger-file';
import { type LedgerFilter, type LedgerRecord, type Totals, newLedger } from './ledger';
import { type Provider, newProvider, setScript } from './provider';
import { readBody } from './read-body';
import { routeOf } from './routes';
import { type Script, type ScriptInput, parseScript } from './script';

export interface ProviderSimOptions {
  port?: number;
  host?: string;
  /** For every provider without a script of its own; its defaults hold for the others too. */
  script?: ScriptInput;
  scripts?: Record<string, ScriptInput>;
  ledgerFile?: string;
  /** Records kept in memory; totals stay exact beyond. */
  ledgerRecordsMax?: number;
  /** Answer 401 to calls without a credential. */
  requireKey?: boolean;
}

export interface ProviderSim {
  url: string;
  port: number;
  ledger: (filter?: LedgerFilter) => LedgerRecord[];
  clearLedger: () => void;
  stats: () => ReadonlyMap<string, Totals>;
  setScript: (name: string, script: ScriptInput) => void;
  close: () => Promise<void>;
}

/** About 60 MB of records. */
const LEDGER_RECORDS_MAX = 200_000;

export async function startProviderSim(options: ProviderSimOptions = {}): Promise<ProviderSim> {
  const host = options.host ?? '127.0.0.1';
  const file = options.ledgerFile === undefined
    ? undefined : await openLedgerFile(options.ledgerFile);
  const now = (): number => Date.now();
  const ledger = newLedger({
    recordsMax: options.ledgerRecordsMax ?? LEDGER_RECORDS_MAX, now, onClose: file?.append,
  });
  const floor: Floor = {
    ledger, bootId: now().toString(36), requireKey: options.requireKey ?? false, now,
  };
  const controls = newControls(floor, options);
  const server = createServer(onRequest(floor, controls));
  prepare(server);
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    ledger: (filter = {}) => ledger.list(filter),
    clearLedger: ledger.clear,
    stats: ledger.totals,
    setScript: (name, script) => controls.setScript(name, parseScript(script)),
    close: () => closeAll(server, file),
  };
}

interface AllControls extends Controls {
  provider: (name: string) => Provider;
}

function newControls({ ledger }: Floor, options: ProviderSimOptions): AllControls {
  const providers = new Map<string, Provider>();
  const fallback = parseScript(options.script ?? {});
  const provider = (name: string): Provider => {
    let found = providers.get(name);
    if (found === undefined) {
      found = newProvider(name, fallback);
      providers.set(name, found);
    }
    return found;
  };
  const change = (name: string, script: Script): void => {
    const defaults = { ...fallback.defaults, ...script.defaults };
    setScript(provider(name), { ...script, defaults });
  };
  for (const [name, script] of Object.entries(options.scripts ?? {})) {
    change(name, parseScript(script));
  }
  return {
    ledger, providers, provider, setScript: change, dropScript: (name) => change(name, fallback),
  };
}

function onRequest(floor: Floor, controls: AllControls) {
  return (req: IncomingMessage, res: ServerResponse): void => {
    const route = routeOf(req.url ?? '/');
    readBody(req, (body) => {
      if (route.kind === 'admin') {
        handleAdmin(controls, { req, res, path: route.path, body });
        return;
      }
      const isCall = route.kind === 'call';
      handleCall(floor, {
        req, res, body,
        provider: controls.provider(route.provider),
        endpoint: isCall ? route.endpoint : undefined,
        path: isCall ? route.endpoint : route.path,
        modelAsked: isCall ? route.modelAsked : undefined,
      });
    });
  };
}

/** Clients decide when to leave: no time limit of ours may look like a provider's fault. */
function prepare(server: Server): void {
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.timeout = 0;
}

async function closeAll(server: Server, file: LedgerFile | undefined): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  await file?.close();
}
