// How the benchmark's own programs are built: as the product's, into dist/bench.
import { entry } from '../rspack.config.mjs';

export default [
  entry('bench/main', 'bench/src/main.ts'),
  entry('bench/load', 'bench/src/load/load-process.ts'),
  entry('bench/reference', 'bench/src/reference/main.ts'),
];
