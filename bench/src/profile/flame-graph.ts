// Draws a folded profile as a flame graph: callers below, callees above, width is time. Small
// frames are left out, so that the file stays small.
import { escapeXml } from '../report/xml';
import { type Frame } from './fold-profile';

export interface FlameOptions {
  readonly title: string;
  /** Frames below this share of the busy time are not drawn. */
  readonly shareMin: number;
}

interface Box {
  readonly frame: Frame;
  readonly depth: number;
  /** Shares of the busy time. */
  readonly from: number;
  readonly share: number;
}

const width = 1_200;
const rowHeight = 16;
const titleHeight = 24;
/** Of the 11 px monospace text. */
const charWidth = 6.7;

export function flameGraph(root: Frame, { title, shareMin }: FlameOptions): string {
  const boxes = boxesOf(root, shareMin);
  const rows = Math.max(0, ...boxes.map(({ depth }) => depth)) + 1;
  const height = titleHeight + rows * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `
      + `viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="4" y="16" font-size="13">${escapeXml(title)}</text>`,
    ...boxes.map((box) => drawBox(box, height)),
    '</svg>',
    '',
  ].join('\n');
}

export function boxesOf(root: Frame, shareMin: number): Box[] {
  const boxes: Box[] = [{ frame: root, depth: 0, from: 0, share: 1 }];
  // Grows while it is walked.
  for (const { frame, depth, from } of boxes) {
    let at = from;
    const children = [...frame.children.values()].sort((a, b) => b.totalUs - a.totalUs);
    for (const child of children) {
      const share = child.totalUs / root.totalUs;
      if (share >= shareMin) boxes.push({ frame: child, depth: depth + 1, from: at, share });
      at += share;
    }
  }
  return boxes;
}

function drawBox({ frame, depth, from, share }: Box, height: number): string {
  const x = (from * width).toFixed(1);
  const boxWidth = share * width;
  const y = height - (depth + 1) * rowHeight;
  const label = frame.place === '' ? frame.name : `${frame.name} ${frame.place}`;
  const chars = Math.floor((boxWidth - 4) / charWidth);
  const text = chars < 3 ? '' : `<text x="${(from * width + 2).toFixed(1)}" y="${y + 12}">${
    escapeXml(label.length > chars ? `${label.slice(0, chars - 1)}…` : label)}</text>`;
  return `<g><title>${escapeXml(label)} ${(share * 100).toFixed(1)} %</title>`
    + `<rect x="${x}" y="${y}" width="${boxWidth.toFixed(1)}" height="${rowHeight - 1}" `
    + `fill="${colourOf(frame)}"/>${text}</g>`;
}

/** Ours, Node's, packages', the machine's. */
function colourOf({ place, name }: Frame): string {
  if (/^(libs|services|tools)\//.test(place)) return '#f6ad55';
  if (place.startsWith('node:')) return '#9ae6b4';
  if (place === '' && name.startsWith('(')) return '#cbd5e0';
  return place === '' ? '#e2e8f0' : '#90cdf4';
}
