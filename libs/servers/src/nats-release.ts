// Fetches the pinned official release of nats-server and verifies its checksum.
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { runCommand } from './run-command';

export const pinnedRelease = '2.15.0';

/**
 * SHA-256 of the archives as the NATS project publishes them in its own Dockerfile of this version
 * (nats-io/nats-docker, 2.15.x/alpine3.22). Platforms that are not listed there are verified
 * against the SHA256SUMS file of the release itself, which protects the transfer, not the origin.
 */
const pinnedSha256: Readonly<Record<string, string>> = {
  'linux-amd64': '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
  'linux-arm64': 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
  'linux-arm7': 'ec5f4689d017e07cfa18442e10da051c0f3f9dd2e7f4dc7cdb55a11f1303c952',
  'linux-386': 'f572eccdbb35ab5c7fef7703a5b6ca49e55d039e441920ba5478972ecdcf7a47',
  'linux-ppc64le': 'a402bf73f91f674735cc85aa0e7d06d5dfa3044b98cda6ea9937cfee4e05a266',
  'linux-s390x': 'ac50bf4adc8fa6db575ed9293417b6fbec746e71cc9d360aea5cd447e4207bfc',
};

/** Time for a server to begin answering; a machine without a way out should learn it quickly. */
const connectTimeoutMs = 5_000;
/** The archive is about 7 MB; a link slower than this is no help at a first start. */
const downloadTimeoutMs = 120_000;

/** Puts `nats-server` into `binDir`. @throws Error saying what went wrong. */
export async function fetchRelease(binDir: string): Promise<void> {
  const platform = releasePlatform(process.platform, process.arch);
  if (platform === null) throw new Error(`no release for ${process.platform}/${process.arch}`);
  const base = `https://github.com/nats-io/nats-server/releases/download/v${pinnedRelease}`;
  const folder = `nats-server-v${pinnedRelease}-${platform}`;
  const archive = `${folder}.tar.gz`;
  const expected = pinnedSha256[platform]
    ?? sumOf(archive, (await download(`${base}/SHA256SUMS`)).toString('utf8'));
  if (expected === null) throw new Error(`the release lists no checksum for ${archive}`);
  const bytes = await download(`${base}/${archive}`);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) throw new Error(`${archive} has checksum ${actual}, not ${expected}`);
  await unpack(bytes, `${folder}/nats-server`, binDir);
}

/** The release's own name for a platform; null where there is none. */
export function releasePlatform(platform: string, arch: string): string | null {
  const arches: Readonly<Record<string, string>> = {
    x64: 'amd64', arm64: 'arm64', arm: 'arm7', ia32: '386', ppc64: 'ppc64le', s390x: 's390x',
  };
  const known = arches[arch];
  return known !== undefined && ['linux', 'darwin'].includes(platform)
    ? `${platform}-${known}` : null;
}

/** Finds `file` in the text of a SHA256SUMS file. */
export function sumOf(file: string, sums: string): string | null {
  for (const line of sums.split('\n')) {
    const match = /^([0-9a-f]{64})\s+\*?(\S+)$/.exec(line.trim());
    if (match?.[2] === file) return match[1] ?? null;
  }
  return null;
}

async function download(url: string): Promise<Buffer> {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: connectTimeoutMs }, headersTimeout: connectTimeoutMs,
  });
  try {
    const response = await fetch(url, {
      dispatcher, signal: AbortSignal.timeout(downloadTimeoutMs),
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    await dispatcher.destroy();
  }
}

/** Unpacks beside the destination, then renames: a half written binary is never seen. */
async function unpack(archive: Buffer, member: string, binDir: string): Promise<void> {
  const folder = await mkdtemp(path.join(binDir, '.release-'));
  try {
    await writeFile(path.join(folder, 'archive.tar.gz'), archive);
    const { code, stderr } = await runCommand('tar', ['-xzf', 'archive.tar.gz', member],
      { cwd: folder, timeoutMs: 30_000 });
    if (code !== 0) throw new Error(`tar: ${stderr.trim()}`);
    await rename(path.join(folder, member), path.join(binDir, 'nats-server'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
