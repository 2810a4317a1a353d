// What `holdfast up` was asked to do, and where it speaks.
import { type Environment } from '@libs/settings/environment';
import { type Terminal } from '../shared/terminal';
import { type UpOptions } from './up-options';

export interface UpContext {
  readonly options: UpOptions;
  readonly env: Environment;
  readonly terminal: Terminal;
  /** One line of JSON instead of the screen. */
  readonly json: boolean;
}
