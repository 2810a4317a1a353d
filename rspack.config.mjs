// How every process is built: one ESM bundle of our own code, packages left in node_modules.
// Types are not checked here; `npm run types` is its own gate.
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));

/** Everything that is not ours stays an import of the running process. */
function leavePackagesAlone({ request }, callback) {
  if (request === undefined || request.startsWith('.') || path.isAbsolute(request)) return callback();
  if (request.startsWith('@libs/')) return callback();
  const bare = request.replace(/^node:/, '');
  return callback(null, `module ${builtinModules.includes(bare) ? `node:${bare}` : request}`);
}

/** One program: its name below dist/, and the file it starts from. */
export const entry = (name, file) => ({
  name,
  entry: path.join(root, file),
  target: 'node20',
  mode: 'none',
  devtool: 'source-map',
  output: {
    path: path.join(root, 'dist'),
    filename: `${name}.js`,
    module: true,
    library: { type: 'module' },
    chunkFormat: 'module',
    chunkLoading: 'import',
  },
  experiments: { outputModule: true },
  externals: [leavePackagesAlone],
  module: {
    rules: [
      {
        test: /\.ts$/,
        type: 'javascript/esm',
        use: {
          loader: 'builtin:swc-loader',
          options: {
            jsc: {
              parser: { syntax: 'typescript', decorators: true },
              transform: { legacyDecorator: true, decoratorMetadata: true },
              target: 'es2022',
              keepClassNames: true,
            },
          },
        },
      },
    ],
  },
  resolve: { extensions: ['.ts', '.js'], tsConfig: path.join(root, 'tsconfig.json') },
});

export const entries = [
  entry('services/ingress/main', 'services/ingress/src/main.ts'),
  entry('services/router/main', 'services/router/src/main.ts'),
  entry('services/workers/main', 'services/workers/src/main.ts'),
  entry('services/audit/main', 'services/audit/src/main.ts'),
  entry('services/audit/fold-past', 'services/audit/src/show-past/fold-past.ts'),
  entry('tools/holdfast', 'tools/src/holdfast.ts'),
  entry('tools/provider-sim', 'tools/provider-sim/src/main.ts'),
];

export default entries;
