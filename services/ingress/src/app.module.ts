// The one module of the process: every slice's controller, and the edge they share.
import { type DynamicModule, Module } from '@nestjs/common';
import { AdministerController } from './administer/administer.controller';
import { AdminJobsController } from './administer/jobs.controller';
import { LoginController } from './administer/login.controller';
import { AuditController } from './administer/audit.controller';
import { EventsController } from './administer/events.controller';
import { SpendController } from './administer/spend.controller';
import { ErasuresController } from './administer/erasures.controller';
import { HoldsController } from './administer/holds.controller';
import { CancelJobController } from './cancel-job/cancel-job.controller';
import { HealthController } from './health/health.controller';
import { ModelsController } from './models/models.controller';
import { Edge } from './shared/edge';
import { SubmitJobController } from './submit-job/submit-job.controller';
import { WatchJobController } from './watch-job/watch-job.controller';
import { UsageController } from './usage/usage.controller';
import { DeliveriesController } from './webhooks/deliveries.controller';
import { EndpointsController } from './webhooks/endpoints.controller';

@Module({})
export class AppModule {
  static with(edge: Edge): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        HealthController, ModelsController, SubmitJobController, WatchJobController,
        CancelJobController, EndpointsController, DeliveriesController, AdminJobsController, LoginController,
        // Before the entities, whose paths are wildcards.
        ErasuresController, AdministerController,
        AuditController, EventsController, SpendController, HoldsController,
        UsageController,
      ],
      providers: [{ provide: Edge, useValue: edge }],
    };
  }
}
