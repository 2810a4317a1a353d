// Deterministic text: the same prompt and length always give the same answer.
import { CHARS_PER_TOKEN } from './tokens';

const words = (
  'the harbour keeps every light while boats return from open water and crews count their ' +
  'lines before night falls on the quay where old stones remember each tide that ever came ' +
  'some carry letters others grain or copper yet all are written in one long book by a clerk ' +
  'who never tears out a page because what was once recorded stays so that anyone may read ' +
  'again which ship arrived first what it brought and who paid for its passage home'
).split(' ');

/** Longest echo of the prompt; enough to recognize whose answer it is. */
const ECHO_CHARS_MAX = 48;

const corpus = makeCorpus();

/** Exactly `tokens` tokens: an echo of the prompt, then words that depend on it. */
export function answerText(prompt: string, tokens: number): string {
  const chars = tokens * CHARS_PER_TOKEN;
  const opening = `You said: "${echo(prompt)}". `;
  if (opening.length >= chars) return opening.slice(0, chars);
  return opening + filler(hash32(prompt), chars - opening.length);
}

export function thinkingText(prompt: string, tokens: number): string {
  return filler(hash32(prompt) ^ 0x5bd1e995, tokens * CHARS_PER_TOKEN);
}

/** FNV-1a. Only the first 4,096 characters count, so that long prompts stay cheap. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  const end = Math.min(text.length, 4096);
  for (let at = 0; at < end; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** A number in [0, 1) from a seed and a position. */
export function draw(seed: number, position: number): number {
  let z = (seed + Math.imul(position + 1, 0x9e3779b9)) >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 4294967296;
}

/** Control characters and surrogates are left out: pieces of four may not split a character. */
function echo(prompt: string): string {
  const start = prompt.slice(0, ECHO_CHARS_MAX);
  return start.replace(/[\u0000-\u001f\u007f\ud800-\udfff]+/g, ' ');
}

function filler(hash: number, chars: number): string {
  let out = '';
  let from = (hash >>> 0) % corpus.length;
  while (out.length < chars) {
    out += corpus.slice(from, from + chars - out.length);
    from = 0;
  }
  return out;
}

/** 16 Ki words, about 80 KB, shuffled once with a fixed seed. */
function makeCorpus(): string {
  const out: string[] = [];
  for (let at = 0; at < 16_384; at++) {
    out.push(words[Math.floor(draw(7, at) * words.length)] ?? 'the');
  }
  return `${out.join(' ')} `;
}
