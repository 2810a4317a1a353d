// The one screen that `holdfast up` shows when it is ready.

export interface ScreenFacts {
  readonly url: string;
  readonly nats: string;
  readonly durability: 'power-loss' | 'process-crash' | 'unknown';
  readonly postgres: string;
  /** One line per provider. */
  readonly providers: readonly string[];
  readonly simulated: boolean;
  readonly configFile: string | null;
  /** A model that can be asked for. */
  readonly model: string;
  readonly key: SecretOnScreen;
  readonly adminToken: SecretOnScreen;
  readonly dataDir: string;
  /** Secrets are shown to a person only, not to log files. */
  readonly terminal: boolean;
}

export interface SecretOnScreen {
  readonly value: string;
  /** Null: the caller gave it in the environment. */
  readonly file: string | null;
  readonly variable: string;
}

export function renderScreen(facts: ScreenFacts): string {
  return [
    '',
    `Holdfast is ready: ${facts.url}`,
    '',
    `  log        ${facts.nats}; ${durabilityText(facts.durability)}`,
    `  archive    ${facts.postgres}`,
    ...facts.providers.map((line, index) => `  ${index === 0 ? 'providers' : '         '}  ${line}`),
    ...(facts.simulated ? [
      '             Answers are SIMULATED: set OPENAI_API_KEY, ANTHROPIC_API_KEY or another usual',
      '             variable, or write a holdfast.yaml, and start again for real ones.',
    ] : []),
    `  config     ${facts.configFile ?? 'none (holdfast.yaml is applied as soon as there is one)'}`,
    `  data       ${facts.dataDir}`,
    `  first key  ${secretText(facts.key, facts.terminal)}`,
    `  admin      ${secretText(facts.adminToken, facts.terminal)}`,
    '',
    'Try it:',
    '',
    ...commands(facts),
    '',
    'Ctrl-C drains and stops everything; a second one does not wait.',
    '',
  ].join('\n');
}

function durabilityText(durability: ScreenFacts['durability']): string {
  switch (durability) {
    case 'power-loss': return 'durability: power-loss (every commit is synced to disk)';
    case 'process-crash':
      return 'durability: process-crash (a power loss may cost the last commits)';
    case 'unknown': return 'durability: unknown (its monitoring port does not answer)';
  }
}

function secretText({ value, file, variable }: SecretOnScreen, terminal: boolean): string {
  if (file === null) return `as given in ${variable}`;
  return terminal ? value : `in ${file}`;
}

function commands(facts: ScreenFacts): string[] {
  const { key, url, terminal } = facts;
  const file = key.file === null ? `"$${key.variable}"` : `"$(cat ${key.file})"`;
  const message = (model: string, more = ''): string =>
    `{"model":"${model}"${more},"messages":[{"role":"user","content":"Say hello."}]}`;
  const call = (path: string, body: string, options = ''): string[] => [
    `  curl ${options}${url}${path} -H "Authorization: Bearer $KEY" \\`,
    `    -H 'content-type: application/json' -d '${body}'`,
  ];
  return [
    `  KEY=${terminal && key.file !== null ? key.value : file}`,
    '  # wait for the answer',
    ...call('/v1/chat/completions', message(facts.model)),
    '  # read it while it is written',
    ...call('/v1/chat/completions', message(facts.model, ',"stream":true'), '-N '),
    '  # leave it behind as a job; its answer is at /v1/jobs/{id}/result',
    ...call('/v1/jobs',
      `{"endpoint":"/v1/chat/completions","body":${message(facts.model)}}`),
  ];
}
