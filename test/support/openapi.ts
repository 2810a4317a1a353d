// Validates answers against OpenAI's own API description, where the file is beside the checkout.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';

const file = path.resolve('../shared/contracts/openai-openapi.json');
let schemas: Ajv | null | undefined;

/** A function that throws when a value is not of the named schema; null (said once) without file. */
export function responseValidator(name: string): ((value: unknown) => void) | null {
  schemas ??= load();
  if (schemas === null) return null;
  const validate = schemas.getSchema(`openai#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`OpenAI's description has no schema ${name}`);
  return (value) => {
    if (validate(value) !== true) {
      throw new Error(`${name}: ${JSON.stringify(validate.errors?.slice(0, 5))}\n${JSON.stringify(value)}`);
    }
  };
}

function load(): Ajv | null {
  if (!existsSync(file)) {
    console.warn(`skipped: responses are not validated, ${path.basename(file)} is not here`);
    return null;
  }
  const ajv = new Ajv({ strict: false, validateFormats: false, discriminator: false });
  const description = JSON.parse(readFileSync(file, 'utf8')) as object;
  ajv.addSchema(nullable(description) as object, 'openai');
  return ajv;
}

/** OpenAPI 3.0 says `nullable: true` where JSON Schema lists the type null. */
function nullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullable);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, nullable(inner)]));
  if (copy.nullable !== true) return copy;
  delete copy.nullable;
  return { anyOf: [copy, { type: 'null' }] };
}
