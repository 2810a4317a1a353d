// The command line of the simulator's process.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseScriptFile, type ScriptInput } from './script';
import { type ProviderSimOptions } from './start';

export const usage = `provider-sim: OpenAI's and Anthropic's APIs, simulated

  --port n           port (default 0: a free one)      --host address   default 127.0.0.1
  --latency-ms n     time to the first byte            --tokens n       length of an answer
  --tokens-per-s n   pace of a stream (0: at once)     --models a,b     names for /v1/models
  --script file      script (JSON) of the default provider, or {"providers": {name: script}}
  --seed n           seed of chance                    --faults reset=0.01,server_error=0.02
  --ledger file      append each record to it          --ledger-records n   kept in memory
  --require-key      401 for calls without a credential
`;

const flag = { type: 'string' } as const;

export function parseFlags(args: string[]): ProviderSimOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      port: flag, host: flag, 'latency-ms': flag, tokens: flag, 'tokens-per-s': flag,
      models: flag, script: flag, seed: flag, faults: flag, ledger: flag,
      'ledger-records': flag, 'require-key': { type: 'boolean' }, help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const options: ProviderSimOptions = { script: commonScript(values) };
  if (values.port !== undefined) options.port = number('port', values.port);
  if (values.host !== undefined) options.host = values.host;
  if (values.ledger !== undefined) options.ledgerFile = values.ledger;
  if (values['ledger-records'] !== undefined) {
    options.ledgerRecordsMax = Math.max(1, number('ledger-records', values['ledger-records']));
  }
  if (values['require-key'] !== undefined) options.requireKey = values['require-key'];
  if (values.script !== undefined) {
    options.scripts = parseScriptFile(JSON.parse(readFileSync(values.script, 'utf8')));
  }
  return options;
}

type Flags = Record<string, string | boolean | undefined>;

function commonScript(flags: Flags): ScriptInput {
  const defaults: ScriptInput['defaults'] = {};
  if (flags['latency-ms'] !== undefined) {
    defaults.latencyMs = number('latency-ms', flags['latency-ms']);
  }
  if (flags.tokens !== undefined) defaults.tokens = number('tokens', flags.tokens);
  if (flags['tokens-per-s'] !== undefined) {
    defaults.tokensPerS = number('tokens-per-s', flags['tokens-per-s']);
  }
  return {
    defaults,
    seed: number('seed', flags.seed ?? '0'),
    faults: pairs(flags.faults),
    models: typeof flags.models === 'string' ? flags.models.split(',') : [],
  };
}

function pairs(text: string | boolean | undefined): Record<string, number> {
  if (typeof text !== 'string') return {};
  return Object.fromEntries(text.split(',').map((pair) => {
    const [name = '', value = ''] = pair.split('=', 2);
    return [name, number('faults', value)];
  }));
}

function number(name: string, text: string | boolean): number {
  const value = Number(text);
  if (typeof text === 'string' && text !== '' && Number.isFinite(value)) return value;
  throw new Error(`--${name}: '${text}' is not a number`);
}
