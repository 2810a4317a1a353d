// Secrets in texts, by their usual shapes: keys of providers and platforms, private keys, tokens,
// passwords in URLs. A secret without a shape of its own is not found.
import { type Masked, maskShapes, type Shape, tags } from './masked';

const secret = (): string => tags.secret;

function token(pattern: RegExp, ...hints: string[]): Shape {
  return { hints, pattern, replace: secret };
}

const shapes: readonly Shape[] = [
  // Before tokens: what follows `Bearer` may be one of them.
  {
    hints: ['earer '], pattern: /\b[Bb]earer {1,4}[A-Za-z0-9._~+/-]{16,4096}={0,2}/g,
    replace: (match) => `${match.slice(0, 6)} ${tags.secret}`,
  },
  // OpenAI, Anthropic, OpenRouter, DeepSeek and those that took over their shape.
  token(/(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{20,300}/g, 'sk-'),
  token(/(?<![A-Za-z0-9_-])hf[-_][A-Za-z0-9_-]{24,200}/g, 'hf-', 'hf_'),
  token(/(?<![A-Za-z0-9_-])(?:gsk_|xai-|pplx-|r8_|nvapi-|npm_|glpat-|dop_v1_|shpat_)[A-Za-z0-9_-]{20,200}/g,
    'gsk_', 'xai-', 'pplx-', 'r8_', 'nvapi-', 'npm_', 'glpat-', 'dop_v1_', 'shpat_'),
  token(/(?<![A-Za-z0-9_-])(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{20,200}/g, 'sk_', 'rk_', 'whsec_'),
  token(/(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}/g, 'AIza'),
  token(/(?<![A-Za-z0-9_-])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})/g, 'gh', 'github_pat_'),
  token(/(?<![A-Za-z0-9_-])xox[abeprs]-[A-Za-z0-9-]{10,250}/g, 'xox'),
  token(/(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g, 'AKIA', 'ASIA'),
  {
    hints: ['secret_access_key', 'SecretAccessKey', 'SECRET_ACCESS_KEY'],
    pattern: /(?:aws_)?(?:secret_access_key|SecretAccessKey|SECRET_ACCESS_KEY)[\\"' :=]{1,8}[A-Za-z0-9/+]{40}/g,
    replace: (match) => match.slice(0, -40) + tags.secret,
  },
  token(/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{8,2048}/g, 'eyJ'),
  {
    hints: ['://'], pattern: /:\/\/[^\s/:@"'\\]{0,100}:[^\s/@"'\\]{1,200}@/g,
    replace: (match) => `${match.slice(0, match.indexOf(':', 3) + 1)}${tags.secret}@`,
  },
];

export function maskSecrets(given: string): Masked {
  const blocks = maskPrivateKeys(given);
  const { text, count } = maskShapes(blocks.text, shapes);
  return { text, count: blocks.count + count };
}

const begins = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const end = /-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
/** Letters of a key whose end is not there: base64 with line breaks, as they are or escaped. */
const body = /[A-Za-z0-9+/=\s\\:,-]{0,16384}/y;

/** PEM blocks, from their begin to their end; each letter is looked at once. */
function maskPrivateKeys(text: string): Masked {
  if (!text.includes('PRIVATE KEY')) return { text, count: 0 };
  let masked = '';
  let count = 0;
  let at = 0;
  begins.lastIndex = 0;
  for (let found = begins.exec(text); found !== null; found = begins.exec(text)) {
    masked += text.slice(at, found.index) + tags.secret;
    count += 1;
    at = endOfBlock(text, begins.lastIndex);
    begins.lastIndex = at;
  }
  return { text: masked + text.slice(at), count };
}

function endOfBlock(text: string, from: number): number {
  body.lastIndex = from;
  body.test(text);
  const to = Math.max(from, body.lastIndex);
  end.lastIndex = from;
  // The letters of a block take in the `-----` of its end, and a little of what follows it.
  const found = end.exec(text.slice(0, to + 64));
  return found === null ? to : end.lastIndex;
}
