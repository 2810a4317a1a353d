// The event stream of `/v1/messages`.
import {
  type Reply, emptyMessage, signatureOf, stopDetails, stopReason, toolBlock, usageFields,
} from './anthropic-shapes';
import { type Frame } from './call';
import { pieces, tokensOfChars } from './tokens';

export function anthropicFrames(reply: Reply): Frame[] {
  const { content, usage } = reply;
  // The real API counts the opening as one token; the last message_delta has the true number.
  const message = { ...emptyMessage(reply), usage: usageFields(reply, 1) };
  const frames = [event('message_start', { message }, 0)];
  addBlocks(frames, reply);
  // A ping follows the opening of the first block.
  frames.splice(2, 0, event('ping', {}, 0));
  frames.push(
    event('message_delta', {
      delta: {
        stop_reason: stopReason(content), stop_sequence: null,
        stop_details: stopDetails(content), container: null,
      },
      usage: usageFields(reply, usage.completion),
    }, 0),
    event('message_stop', {}, 0),
  );
  return frames;
}

function event(type: string, fields: object, tokens: number): Frame {
  return { data: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`, tokens };
}

function addBlocks(frames: Frame[], { id, content, thinking }: Reply): void {
  let index = 0;
  if (thinking !== '') {
    const block = { type: 'thinking', thinking: '', signature: '' };
    const deltas = textDeltas('thinking', thinking);
    addBlock(frames, { index, block, deltas, signature: signatureOf(id) });
    index += 1;
  }
  if (content.kind === 'words') {
    const block = { type: 'text', text: '', citations: null };
    addBlock(frames, { index, block, deltas: textDeltas('text', content.text) });
    return;
  }
  content.calls.forEach(({ name, args }, at) => {
    const block = { ...toolBlock(id, at, name), input: {} };
    const deltas = pieces(args).map((piece) => (
      { type: 'input_json_delta', partial_json: piece }
    ));
    const openingTokens = tokensOfChars(name.length);
    addBlock(frames, { index: index + at, block, deltas, openingTokens });
  });
}

interface Block {
  index: number;
  block: object;
  deltas: object[];
  openingTokens?: number;
  signature?: string;
}

function addBlock(frames: Frame[], block: Block): void {
  const { index, deltas, signature } = block;
  const opening = { index, content_block: block.block };
  frames.push(event('content_block_start', opening, block.openingTokens ?? 0));
  for (const delta of deltas) frames.push(blockDelta(index, delta, 1));
  if (signature !== undefined) {
    frames.push(blockDelta(index, { type: 'signature_delta', signature }, 0));
  }
  frames.push(event('content_block_stop', { index }, 0));
}

function blockDelta(index: number, delta: object, tokens: number): Frame {
  return event('content_block_delta', { index, delta }, tokens);
}

function textDeltas(kind: 'text' | 'thinking', text: string): object[] {
  return pieces(text).map((piece) => ({ type: `${kind}_delta`, [kind]: piece }));
}
