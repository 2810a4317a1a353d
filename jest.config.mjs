// Three kinds of tests (docs/adr/0003): unit (pure, no I/O), integration (an adapter against the real
// server, which the test starts), e2e (whole processes with real clients). And two that
// `npm test` leaves out for their length: cluster (three NATS nodes and two of each service), limits
// (far more of everything than is good).
const base = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@libs/([^/]+)/(.*)$': '<rootDir>/libs/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.holdfast/'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: {
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
        target: 'es2022',
        keepClassNames: true,
      },
      module: { type: 'es6' },
    }],
  },
};
const ignore = ['/node_modules/', '/dist/', '/.holdfast/'];
export default {
  // Of all kinds: jest-circus takes it from here alone, not from a project. Its own 5 s are less than
  // what many of these tests wait for may take on a busy machine. What is to be quick says so in its
  // test; this ends what hangs.
  testTimeout: 60_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: [...ignore, '\\.(integration|e2e|cluster|limits)\\.spec\\.ts$'] },
    { ...base, displayName: 'integration', testMatch: ['**/*.integration.spec.ts'],
      testPathIgnorePatterns: ignore },
    { ...base, displayName: 'e2e', testMatch: ['**/*.e2e.spec.ts'], testPathIgnorePatterns: ignore },
    { ...base, displayName: 'cluster', testMatch: ['**/*.cluster.spec.ts'],
      testPathIgnorePatterns: ignore },
    { ...base, displayName: 'limits', testMatch: ['**/*.limits.spec.ts'],
      testPathIgnorePatterns: ignore },
  ],
};
