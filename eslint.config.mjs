import tseslint from 'typescript-eslint';

const impure = [
  ["CallExpression[callee.object.name='Date'][callee.property.name='now']", 'Take `now` as an argument.'],
  ["NewExpression[callee.name='Date'][arguments.length=0]", 'Take `now` as an argument.'],
  ["CallExpression[callee.object.name='Math'][callee.property.name='random']", 'Pass the random draw in.'],
  ["MemberExpression[object.name='process'][property.name='env']", 'Read settings through libs/settings.'],
  ['AwaitExpression', 'Pure functions are synchronous.'],
  ['ClassDeclaration[superClass=null]', 'The core is plain functions and types; only Error subclasses are classes.'],
].map(([selector, message]) => ({ selector, message }));

const envOnlyInSettings = [
  { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'Read settings through libs/settings.' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
];

export default tseslint.config(
  { ignores: ['dist/**', '.holdfast/**', 'node_modules/**', '**/*.mjs', '**/*.cjs', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Nest types its option bags as classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      'max-lines': ['error', { max: 300, skipComments: true, skipBlankLines: true }],
      'max-params': ['error', 4],
      'no-restricted-syntax': ['error', ...envOnlyInSettings],
    },
  },
  { files: ['libs/settings/src/**/*.ts', 'libs/servers/src/**/*.ts', 'tools/**/*.ts', 'bench/**/*.ts', 'faults/**/*.ts'], rules: { 'no-restricted-syntax': ['error', envOnlyInSettings[1]] } },
  { files: ['**/*.spec.ts', 'test/**/*.ts'], rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', 'no-restricted-syntax': 'off', '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/no-deprecated': 'off', '@typescript-eslint/require-await': 'off', '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-call': 'off', '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-unsafe-return': 'off' } },
  {
    files: ['libs/{events,jobs,routing,governance,surfaces,audit-tree,masking}/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...impure, envOnlyInSettings[1]],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'fetch'],
    },
  },
);
