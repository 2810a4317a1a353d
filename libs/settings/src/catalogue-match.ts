// Which model names an entry of the price catalogue stands for.
import type { MatchLogic } from '@pydantic/genai-prices';

export function matchesModel(match: MatchLogic, name: string): boolean {
  if ('or' in match) return match.or.some((part) => matchesModel(part, name));
  if ('and' in match) return match.and.every((part) => matchesModel(part, name));
  if ('equals' in match) return name === match.equals;
  if ('starts_with' in match) return name.startsWith(match.starts_with);
  if ('ends_with' in match) return name.endsWith(match.ends_with);
  if ('contains' in match) return name.includes(match.contains);
  return new RegExp(match.regex).test(name);
}
