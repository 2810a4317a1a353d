// Lines of a file, one after the other. Node's own `readline` also breaks at U+2028, which JSON has in
// texts as it is.
import { createReadStream } from 'node:fs';

const newline = 10;

export async function* readLines(file: string): AsyncGenerator<string> {
  const parts: Buffer[] = [];
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...parts.splice(0), chunk.subarray(start, end)]).toString('utf8');
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield Buffer.concat(parts).toString('utf8');
}
