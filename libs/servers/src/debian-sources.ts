// Reads which Debian mirror a system uses, from both formats of apt's sources.

export interface DebianMirror {
  readonly uri: string;
  /** Keyring that the entry names; apt's default ones when absent. */
  readonly signedBy: string | null;
}

/** One-line format: `deb [signed-by=…] http://deb.debian.org/debian bookworm main`. */
export function mirrorsOfList(text: string): DebianMirror[] {
  const mirrors: DebianMirror[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+\S+/.exec(line);
    if (match?.[2] === undefined) continue;
    const signedBy = /signed-by=(\S+)/.exec(match[1] ?? '')?.[1] ?? null;
    mirrors.push({ uri: match[2], signedBy });
  }
  return mirrors.filter(isDebianArchive);
}

/** deb822 format: stanzas of `Types:`, `URIs:`, `Signed-By:`. */
export function mirrorsOfDeb822(text: string): DebianMirror[] {
  const mirrors: DebianMirror[] = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name: string): string | null =>
      new RegExp(`^${name}:\\s*(.+)$`, 'im').exec(stanza)?.[1]?.trim() ?? null;
    if (field('Enabled')?.toLowerCase() === 'no') continue;
    if (field('Types')?.split(/\s+/).includes('deb') !== true) continue;
    const signedBy = field('Signed-By');
    for (const uri of field('URIs')?.split(/\s+/) ?? []) {
      mirrors.push({ uri, signedBy: signedBy?.startsWith('/') === true ? signedBy : null });
    }
  }
  return mirrors.filter(isDebianArchive);
}

/** A private sources entry for the development suite at the same mirror. */
export function developmentSource({ uri, signedBy }: DebianMirror): string {
  return [
    'Types: deb', `URIs: ${uri}`, 'Suites: sid', 'Components: main',
    ...(signedBy === null ? [] : [`Signed-By: ${signedBy}`]), '',
  ].join('\n');
}

/** Security and third-party archives do not carry the development suite. */
function isDebianArchive({ uri }: DebianMirror): boolean {
  return /\/debian\/?$/.test(uri);
}
