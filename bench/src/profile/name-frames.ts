// Names for the frames of a profile: our bundles' functions by the file they come from (source
// map), others by their package.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type CallFrame, type FrameName } from './fold-profile';

export function frameNamer(): (frame: CallFrame) => FrameName {
  const maps = new Map<string, SourceMap | null>();
  return (frame) => {
    const { functionName, url } = frame;
    if (url === '') return { name: functionName === '' ? '(native)' : functionName, place: '' };
    const name = functionName === '' ? `(anonymous:${frame.lineNumber + 1})` : functionName;
    if (url.startsWith('node:')) return { name, place: url };
    const packageName = packageOf(url);
    if (packageName !== null) return { name, place: packageName };
    // Not a file: WebAssembly, or code that was made while running.
    if (!url.startsWith('file:')) return { name, place: url.split(':')[0] ?? url };
    if (!maps.has(url)) maps.set(url, mapOf(url));
    return inSource(frame, maps.get(url) ?? null) ?? { name, place: url };
  };
}

/** The last folder of node_modules in the path counts. */
function packageOf(url: string): string | null {
  const at = url.lastIndexOf('/node_modules/');
  if (at < 0) return null;
  const [scope = '', rest = ''] = url.slice(at + '/node_modules/'.length).split('/');
  return scope.startsWith('@') ? `${scope}/${rest}` : scope;
}

type Payload = ConstructorParameters<typeof SourceMap>[0];

function mapOf(url: string): SourceMap | null {
  const file = `${fileURLToPath(url)}.map`;
  if (!existsSync(file)) return null;
  return new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as Payload);
}

function inSource(frame: CallFrame, map: SourceMap | null): FrameName | null {
  const entry = map?.findEntry(frame.lineNumber, frame.columnNumber);
  if (entry === undefined || !('originalSource' in entry)) return null;
  const place = /(?:^|\/)((?:libs|services|tools)\/.*)$/.exec(entry.originalSource)?.[1];
  if (place === undefined) return null;
  const { functionName } = frame;
  const name = functionName === '' ? `(anonymous:${entry.originalLine + 1})` : functionName;
  return { name, place };
}
