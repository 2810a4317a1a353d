// Which IP addresses a webhook may go to: only those that are reachable from anywhere. Pure; works
// on the text of an address as `dns.lookup` gives it.

type Range = readonly [base: string, bits: number];

/** IPv4 that is not globally reachable (IANA special-purpose registry), multicast and the rest. */
const closedV4: readonly Range[] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16],
  ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24],
  ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Inside 2000::/3, which is otherwise the only open part of IPv6. */
const closedV6: readonly (readonly [base: readonly number[], bits: number])[] = [
  // Protocol assignments with Teredo and ORCHID, documentation (two).
  [[0x2001, 0], 23], [[0x2001, 0x0db8], 32], [[0x3fff, 0], 20],
];

/** false for private, loopback, link-local, shared, reserved and unreadable addresses. */
export function isPublicAddress(address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = parseV6(address);
  return v6 !== null && isPublicV6(v6);
}

function isPublicV4(address: number): boolean {
  return !closedV4.some(([base, bits]) => {
    const shift = 32 - bits;
    return address >>> shift === (parseV4(base) ?? 0) >>> shift;
  });
}

function isPublicV6(groups: readonly number[]): boolean {
  const embedded = embeddedV4(groups);
  if (embedded !== null) return isPublicV4(embedded);
  const [first = 0, second = 0] = groups;
  if (first >>> 13 !== 1) return false;
  const top = ((first << 16) | second) >>> 0;
  return !closedV6.some(([[high = 0, low = 0], bits]) => {
    const shift = 32 - bits;
    return top >>> shift === (((high << 16) | low) >>> 0) >>> shift;
  });
}

/** The IPv4 address that a packet to this IPv6 address ends at: mapped, NAT64, 6to4. */
function embeddedV4(groups: readonly number[]): number | null {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const last = ((g << 16) | h) >>> 0;
  const startsWithZeros = a === 0 && b === 0 && c === 0 && d === 0;
  if (startsWithZeros && e === 0 && f === 0xffff) return last;
  if (startsWithZeros && e === 0xffff && f === 0) return last;
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return last;
  if (a === 0x2002) return ((b << 16) | c) >>> 0;
  return null;
}

function parseV4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  const bytes = match.slice(1).map(Number);
  if (bytes.some((byte) => byte > 255)) return null;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Eight groups; a zone (`%eth0`) is left out. */
function parseV6(text: string): number[] | null {
  const [address = ''] = text.toLowerCase().split('%');
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const v4 = dotted === null ? null : parseV4(dotted[2] ?? '');
  if (dotted !== null && v4 === null) return null;
  const plain = dotted === null || v4 === null
    ? address
    : `${dotted[1] ?? ''}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`;
  const halves = plain.split('::');
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const zeros = Array.from({ length: missing }, () => '0');
  const groups = [...head, ...zeros, ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null;
  return groups.map((group) => Number.parseInt(group, 16));
}
