// Keeps what runs in step with the configuration file: applies it at start and after each change.
import { type Environment } from '@libs/settings/environment';
import { describeError } from '../shared/failure';
import { type Terminal } from '../shared/terminal';
import { applyConfig, describeChanges } from './admin-client';
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

export class ConfigKeeper {
  constructor(private readonly context: KeeperContext) {}

  /** @throws Failure when the ingress refuses it. */
  async apply(config: LoadedConfig): Promise<void> {
    if (config.source === 'simulated') await this.context.startSimulator();
    const result = await applyConfig({
      url: publicUrl(this.context), token: this.context.secrets.adminToken.value,
    }, config.desired);
    const lines = describeChanges(result);
    // A first start sets hundreds of prices; nobody reads that.
    for (const line of lines.slice(0, 20)) this.context.terminal.progress(`  ${line}`);
    if (lines.length > 20) this.context.terminal.progress(`  … and ${lines.length - 20} more`);
  }

  /** A change that does not parse is reported; what was applied before stays. */
  watch(): () => void {
    const { options, env, simUrl, terminal } = this.context;
    return watchConfig(options.configFile, async () => {
      try {
        terminal.progress(`${options.configFile} changed; applying it`);
        await this.apply(await loadConfig({ ...options, env, simUrl }));
      } catch (error) {
        terminal.progress(`not applied, the former configuration stays:\n${describeError(error)}`);
      }
    });
  }
}
