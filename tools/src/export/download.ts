// Downloads an answer into a file that appears under its name when it is complete: whoever finds it has
// all of it.
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Access } from '../shared/access';
import { Failure } from '../shared/failure';

/** @throws Failure when it cannot be had; nothing is left behind. */
export async function downloadTo(
  access: Access, path: string, into: { readonly file: string; readonly bytes: number },
): Promise<void> {
  const unfinished = `${into.file}.${process.pid}.part`;
  try {
    const answer = await fetch(access.url + path, { headers: { authorization: `Bearer ${access.key}` } });
    if (!answer.ok || answer.body === null) throw new Failure(`${answer.status}: ${await answer.text()}`);
    const output = createWriteStream(unfinished, { mode: 0o600 });
    await pipeline(Readable.fromWeb(answer.body), output);
    if (output.bytesWritten !== into.bytes) {
      throw new Failure(`the download ended after ${output.bytesWritten} of ${into.bytes} bytes`);
    }
    await onDisk(unfinished);
    await rename(unfinished, into.file);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (error instanceof Failure) throw error;
    const { message } = error as Error;
    throw new Failure(`The download broke off (${message}); the export is kept for a day: run it again.`);
  }
}

/** A name must not outlive what it names. */
async function onDisk(file: string): Promise<void> {
  const handle = await open(file);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
