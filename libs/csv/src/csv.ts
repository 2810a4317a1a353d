// CSV as RFC 4180 has it, safe to open in a spreadsheet: what it would take for a formula is text. Pure.

/** A number is no formula, though it may begin with a minus. */
const plainNumber = /^-?\d+(\.\d+)?$/;
/** A spreadsheet evaluates what begins so; a tab or a line break in front is skipped by some. */
const formulaStart = /^[=+\-@\t\r\n]/;

/** One record with its line break. null is an empty field. */
export function csvRecord(fields: readonly (string | number | null)[]): string {
  return `${fields.map((field) => csvField(field === null ? '' : String(field))).join(',')}\r\n`;
}

function csvField(text: string): string {
  const safe = formulaStart.test(text) && !plainNumber.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
