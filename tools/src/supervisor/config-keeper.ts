// Keeps what runs in step with the configuration file: applies it at start and after each change.
import { type Environment } from '@libs/settings/environment';
import { describeError } from '../shared/failure';
import { type Terminal } from '../shared/terminal';
import { applyConfig, KeysInUse } from './admin-client';
import { describeChanges } from './describe-changes';
import { loadConfig, type LoadedConfig } from './load-config';
import { type Secrets } from './secrets';
import { publicUrl, type ServiceContext } from './start-services';
import { type UpOptions } from './up-options';
import { watchConfig } from './watch-config';

export interface KeeperContext extends Pick<ServiceContext, 'ports'> {
  readonly options: UpOptions;
  readonly env: Environment;
  readonly secrets: Secrets;
  readonly simUrl: string;
  readonly terminal: Terminal;
  /** Does nothing when it runs already. */
  readonly startSimulator: () => Promise<void>;
}

/** More than a screen shows; `holdfast apply --dry-run` shows all. */
const linesMax = 40;

export class ConfigKeeper {
  constructor(private readonly context: KeeperContext) {}

  /** @throws Failure when the ingress refuses it. */
  async apply(config: LoadedConfig): Promise<void> {
    if (config.source === 'simulated') await this.context.startSimulator();
    const access = {
      url: publicUrl(this.context), token: this.context.secrets.adminToken.value,
    };
    const lines = describeChanges(await applyConfig(access, config.desired, { dryRun: true }));
    for (const line of lines.slice(0, linesMax)) this.context.terminal.progress(`  ${line}`);
    if (lines.length > linesMax) {
      this.context.terminal.progress(`  … and ${lines.length - linesMax} more`);
    }
    await applyConfig(access, config.desired);
  }

  /** At start: a file that would cut keys in use is no reason not to serve them. */
  async applyFirst(config: LoadedConfig): Promise<void> {
    try {
      await this.apply(config);
    } catch (error) {
      if (!(error instanceof KeysInUse)) throw error;
      this.#notApplied(error);
    }
  }

  /** A change that does not parse, or is refused, is reported; what was applied before stays. */
  watch(): () => void {
    const { options, env, simUrl, terminal } = this.context;
    return watchConfig(options.configFile, async () => {
      try {
        terminal.progress(`${options.configFile} changed; applying it`);
        await this.apply(await loadConfig({ ...options, env, simUrl }));
      } catch (error) {
        this.#notApplied(error);
      }
    });
  }

  #notApplied(error: unknown): void {
    const { terminal, options } = this.context;
    terminal.progress(`not applied, the former configuration stays:\n${describeError(error)}`);
    if (error instanceof KeysInUse) {
      terminal.progress(`if that is meant: holdfast apply ${options.configFile} --force`);
    }
  }
}
