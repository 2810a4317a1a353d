// Personal data in texts, as far as it has a shape: e-mail, phone, payment card, IBAN, IP address.
// Names and addresses of people have none and are not found.
import { isIban, isLuhn } from './checksums';
import { type Masked, maskShapes, type Shape, tags } from './masked';

const shapes: readonly Shape[] = [
  {
    hints: ['@'],
    // As RFC 5321 bounds them: 64 letters before the @, labels of 63.
    pattern: /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])/g,
    replace: () => tags.email,
  },
  {
    hints: [], pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    replace: maskIban,
  },
  {
    hints: ['.'], pattern: /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)/g,
    replace: (match) => (match.split('.').every((part) => Number(part) < 256) ? tags.ip : null),
  },
  {
    hints: [':'], pattern: /(?<![\w:.])[0-9A-Fa-f:]{6,39}(?![\w:])/g,
    replace: (match) => (isIpv6(match) ? tags.ip : null),
  },
  {
    hints: [],
    // 7 to 19 digits with at most two signs between two of them.
    pattern: /(?<![\w.,+(/-])[+(]{0,2}\d(?:[ ().-]{0,2}\d){6,18}(?![\w]|[.,-]\d)/g,
    replace: maskNumber,
  },
];

export function maskPersonal(text: string): Masked {
  return maskShapes(text, shapes);
}

/** Words in capitals may follow it: cut at its spaces until the checksum fits. */
function maskIban(match: string): string | null {
  for (let end = match.length; end > 0; end = match.lastIndexOf(' ', end - 1)) {
    if (isIban(match.slice(0, end).replaceAll(' ', ''))) return tags.iban + match.slice(end);
  }
  return null;
}

/** Eight groups, or at least three with `::` in the place of the others; so no time of day. */
function isIpv6(match: string): boolean {
  const halves = match.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (groups.some((group) => group.length < 1 || group.length > 4)) return false;
  return halves.length === 2 ? groups.length >= 3 && groups.length < 8 : groups.length === 8;
}

const northAmerican = /^\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}$/;

function maskNumber(match: string): string | null {
  const digits = match.replace(/\D/g, '');
  if (digits.length >= 13 && /^[\d -]+$/.test(match) && isLuhn(digits)) return tags.card;
  if (match.includes('+')) return digits.length >= 8 && digits.length <= 15 ? tags.phone : null;
  if (northAmerican.test(match)) return tags.phone;
  // Within a country: 0… with signs between. Without either, a number is an amount, an id or a date.
  const isNational = /^\(?0/.test(match) && /[ ().-]/.test(match);
  return isNational && digits.length >= 9 && digits.length <= 12 ? tags.phone : null;
}
