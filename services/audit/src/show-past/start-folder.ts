// Starts the process that folds the past, beside this program's own file.
import { fork } from 'node:child_process';
import path from 'node:path';
import { type Folder, type FolderEvents } from './past-pages';
import { type FoldMessage } from './fold-messages';

export interface FolderOptions {
  readonly partitionCount: number;
  /** Of its heap. */
  readonly memoryMb: number;
}

export function startFolder(
  { partitionCount, memoryMb }: FolderOptions, events: FolderEvents,
): Folder {
  const program = path.join(path.dirname(process.argv[1] ?? ''), 'fold-past.js');
  const child = fork(program, [String(partitionCount)], {
    execArgv: ['--enable-source-maps', `--max-old-space-size=${memoryMb}`],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (message) => events.message(message as FoldMessage));
  child.on('error', (error) => events.exited(error.message));
  child.on('exit', (code, signal) => events.exited(whyEnded(code, signal, memoryMb)));
  return {
    // Where it has ended meanwhile, `exit` says so.
    send: (order) => { child.send(order, () => undefined); },
    kill: () => { child.kill('SIGKILL'); },
  };
}

/** V8 aborts when its heap is full; some systems show that as 128 + SIGABRT. */
function whyEnded(code: number | null, signal: string | null, memoryMb: number): string {
  if (signal === 'SIGABRT' || code === 134) {
    return `it needs more than ${memoryMb} MB (HOLDFAST_PAST_MEMORY_MB of audit)`;
  }
  return signal === null ? `its process ended with ${code ?? 'no'} status` : `its process was killed (${signal})`;
}
