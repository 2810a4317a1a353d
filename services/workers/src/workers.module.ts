// The one Nest module of the workers.
import { type DynamicModule, Module } from '@nestjs/common';
import { WorkController } from './work.controller';
import { Worker } from './worker';

@Module({})
export class WorkersModule {
  static with(worker: Worker): DynamicModule {
    return {
      module: WorkersModule,
      controllers: [WorkController],
      providers: [{ provide: Worker, useValue: worker }],
    };
  }
}
