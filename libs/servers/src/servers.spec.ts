// The pure parts: versions, configuration text, mirrors, checksums.
import { describe, expect, test } from '@jest/globals';
import { developmentSource, mirrorsOfDeb822, mirrorsOfList } from './debian-sources';
import { renderNatsConfig } from './nats-config';
import { releasePlatform, sumOf } from './nats-release';
import { canSyncAlways, isAtLeast, parseNatsVersion } from './nats-version';

describe('versions of nats-server', () => {
  test('are read from what the binary says', () => {
    expect(parseNatsVersion('nats-server: v2.15.1\n')).toEqual({ major: 2, minor: 15, patch: 1 });
    expect(parseNatsVersion('command not found')).toBeNull();
  });

  test('compare by number and not by letter', () => {
    const old = { major: 2, minor: 9, patch: 10 };
    expect(isAtLeast(old, { major: 2, minor: 12, patch: 0 })).toBe(false);
    expect(isAtLeast({ major: 3, minor: 0, patch: 0 }, old)).toBe(true);
    expect(canSyncAlways(old)).toBe(false);
  });
});

describe('nats.conf', () => {
  const config = {
    host: '127.0.0.1', port: 1, monitorPort: 2, storeDir: '/data', maxFileStoreBytes: 3,
    syncInterval: 'always', users: [],
  };

  test('names sync_interval only for servers that know it', () => {
    expect(renderNatsConfig(config)).toContain('sync_interval: "always"');
    expect(renderNatsConfig({ ...config, syncInterval: null })).not.toContain('sync_interval');
  });

  test('cannot be escaped from by a password', () => {
    const users = [{ user: 'admin', password: 'a" }\nport: 1' }];
    expect(renderNatsConfig({ ...config, users })).toContain('password: "a\\" }\\nport: 1" }');
  });
});

describe('the mirror of a Debian system', () => {
  test('is found in one-line sources', () => {
    const text = '# deb http://old/debian x main\n'
      + 'deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm main\n'
      + 'deb https://elsewhere/node_20.x nodistro main\n';
    expect(mirrorsOfList(text)).toEqual([{ uri: 'http://mirror/debian', signedBy: '/k.gpg' }]);
  });

  test('is found in deb822 sources, security archives left out', () => {
    const text = 'Types: deb\n# a note\nURIs: http://mirror/debian\nSuites: bookworm\n'
      + 'Signed-By: /k.gpg\n\nTypes: deb\nURIs: http://mirror/debian-security\nSuites: s\n';
    expect(mirrorsOfDeb822(text)).toEqual([{ uri: 'http://mirror/debian', signedBy: '/k.gpg' }]);
  });

  test('serves the development suite under the same key', () => {
    expect(developmentSource({ uri: 'http://mirror/debian', signedBy: '/k.gpg' }))
      .toBe('Types: deb\nURIs: http://mirror/debian\nSuites: sid\nComponents: main\n'
        + 'Signed-By: /k.gpg\n');
  });
});

describe('the official release', () => {
  test('has its own names for platforms', () => {
    expect(releasePlatform('linux', 'x64')).toBe('linux-amd64');
    expect(releasePlatform('darwin', 'arm64')).toBe('darwin-arm64');
    expect(releasePlatform('aix', 'ppc64')).toBeNull();
  });

  test('lists checksums by file name', () => {
    const sum = 'a'.repeat(64);
    expect(sumOf('one.tar.gz', `${'b'.repeat(64)}  two.tar.gz\n${sum} *one.tar.gz\n`)).toBe(sum);
    expect(sumOf('three.tar.gz', `${sum}  one.tar.gz\n`)).toBeNull();
  });
});
