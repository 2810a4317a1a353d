// Appends closed ledger records to a file, many per write.
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { type LedgerRecord } from './ledger';

/** Short enough that a killed simulator loses little, long enough to gather a batch. */
const FLUSH_AFTER_MS = 10;

export interface LedgerFile {
  append: (record: LedgerRecord) => void;
  close: () => Promise<void>;
}

export async function openLedgerFile(path: string): Promise<LedgerFile> {
  const file = createWriteStream(path, { flags: 'a' });
  await once(file, 'open');
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (lines.length > 0) file.write(lines.join(''));
    lines = [];
  };
  return {
    append(record) {
      lines.push(`${JSON.stringify(record)}\n`);
      timer ??= setTimeout(flush, FLUSH_AFTER_MS);
    },
    async close() {
      clearTimeout(timer);
      flush();
      file.end();
      await once(file, 'close');
    },
  };
}
