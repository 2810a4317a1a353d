// One call being answered, and what an answer consists of.
import { type Behaviour, type ErrorName } from './behaviour';
import { type JsonObject } from './json';
import { type Prompt } from './prompt';
import { type Provider } from './provider';
import { type BilledUsage } from './tokens';

export type Surface = 'openai' | 'anthropic';

export interface Call {
  provider: Provider;
  surface: Surface;
  behaviour: Behaviour;
  body: JsonObject;
  prompt: Prompt;
  model: string;
  /** Unique over restarts; without the API's own prefix. */
  id: string;
  createdS: number;
  /** Output tokens if nothing in the request limits them. */
  tokensWanted: number;
}

/** A piece of an event stream and the output tokens it carries. */
export interface Frame {
  data: string;
  tokens: number;
}

export interface Answer {
  usage: BilledUsage;
  body: () => string;
  /** Absent where the API has no streamed form. */
  frames?: () => Frame[];
}

/** An error instead of an answer; with its own message where the request itself is at fault. */
export interface Complaint {
  error: ErrorName;
  message?: string;
  param?: string;
}

export function isComplaint(answer: Answer | Complaint): answer is Complaint {
  return 'error' in answer;
}
