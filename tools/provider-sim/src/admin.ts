// The control side, under `/_sim/`: scripts in, ledger and statistics out.
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { faultNames } from './behaviour';
import { type Ledger } from './ledger';
import { type Provider } from './provider';
import { type BodyResult } from './read-body';
import { type Script, parseScript } from './script';

export interface Controls {
  ledger: Ledger;
  providers: ReadonlyMap<string, Provider>;
  setScript: (name: string, script: Script) => void;
  dropScript: (name: string) => void;
}

interface Request {
  req: IncomingMessage;
  res: ServerResponse;
  path: string;
  body: BodyResult;
}

export function handleAdmin(controls: Controls, { req, res, path, body }: Request): void {
  const url = new URL(req.url ?? '/', 'http://sim');
  const order = `${req.method ?? 'GET'} ${path}`;
  const script = /^(GET|PUT|DELETE) \/_sim\/providers\/([^/]+)\/script$/.exec(order);
  if (script !== null) {
    const name = decodeURIComponent(script[2] ?? '');
    handleScript(controls, res, { method: script[1] ?? '', name, body });
    return;
  }
  switch (order) {
    case 'GET /_sim/ledger':
      sendLedger(controls.ledger, res, url.searchParams);
      return;
    case 'DELETE /_sim/ledger':
      controls.ledger.clear();
      send(res, 200, { cleared: true });
      return;
    case 'GET /_sim/stats':
      send(res, 200, Object.fromEntries(controls.ledger.totals()));
      return;
    case 'GET /_sim/providers':
      send(res, 200, Object.fromEntries(
        [...controls.providers].map(([name, provider]) => [name, scriptState(provider)]),
      ));
      return;
    case 'GET /_sim/health':
      send(res, 200, { ready: true });
      return;
    default:
      send(res, 404, { error: `no such control: ${order}`, faults: faultNames });
  }
}

interface ScriptOrder {
  method: string;
  name: string;
  body: BodyResult;
}

function handleScript(controls: Controls, res: ServerResponse, order: ScriptOrder): void {
  if (order.method === 'PUT') {
    try {
      const text = order.body.kind === 'text' ? order.body.text : '';
      controls.setScript(order.name, parseScript(JSON.parse(text)));
    } catch (error) {
      send(res, 400, { error: error instanceof Error ? error.message : String(error) });
      return;
    }
  } else if (order.method === 'DELETE') {
    controls.dropScript(order.name);
  }
  const provider = controls.providers.get(order.name);
  if (provider === undefined) send(res, 404, { error: `no calls and no script: ${order.name}` });
  else send(res, 200, scriptState(provider));
}

function scriptState({ script, remaining }: Provider): object {
  const left = remaining.map((times) => (times === Infinity ? 'forever' : times));
  return { script, remaining: left };
}

function sendLedger(ledger: Ledger, res: ServerResponse, asked: URLSearchParams): void {
  const records = ledger.list({
    provider: asked.get('provider') ?? undefined,
    since: Number(asked.get('since') ?? 0),
    outcome: asked.get('outcome') ?? undefined,
  });
  res.writeHead(200, { 'content-type': 'application/x-ndjson' });
  res.end(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

function send(res: ServerResponse, status: number, value: object): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(`${JSON.stringify(value)}\n`);
}
