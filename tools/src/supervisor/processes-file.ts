// Tells other programs what runs: run/processes.json names each part's pid and URL.
import { rm } from 'node:fs/promises';
import { replaceFile } from '../shared/write-file';
import { type Part } from './supervised';

export interface ProcessesFile {
  /** Called whenever a part got another pid. Never two writes at once. */
  update(): Promise<void>;
  remove(): Promise<void>;
}

export function processesFile(file: string, parts: () => readonly Part[]): ProcessesFile {
  let last: Promise<void> = Promise.resolve();
  const write = (): Promise<void> => replaceFile(file, processesText(parts()));
  return {
    update: () => {
      last = last.then(write, write);
      return last;
    },
    remove: async () => {
      await last.catch(() => undefined);
      await rm(file, { force: true });
    },
  };
}

function processesText(parts: readonly Part[]): string {
  const running = parts.filter((part) => part.pid !== null)
    .map((part) => [part.name, { pid: part.pid, url: part.url }] as const);
  return `${JSON.stringify(Object.fromEntries(running), null, 2)}\n`;
}
