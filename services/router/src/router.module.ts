// The one module of the router process: starts and stops the router with the application.
import {
  type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Router } from './router';
import type { Snapshots } from './keep-snapshots/snapshots';

export interface RouterProcess {
  readonly router: Router;
  readonly snapshots: Snapshots;
}

const routerProcess = Symbol('RouterProcess');

@Injectable()
class RouterLife implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(routerProcess) private readonly parts: RouterProcess) {}

  async onApplicationBootstrap(): Promise<void> {
    const { router, snapshots } = this.parts;
    await router.start(router.world.position);
    snapshots.start();
  }

  async onApplicationShutdown(): Promise<void> {
    const { router, snapshots } = this.parts;
    await router.drain();
    await snapshots.stop();
    await router.close();
  }
}

@Module({})
export class RouterModule {
  static with(parts: RouterProcess): DynamicModule {
    return {
      module: RouterModule,
      providers: [{ provide: routerProcess, useValue: parts }, RouterLife],
    };
  }
}
