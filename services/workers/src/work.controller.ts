// The worker's door: commits of the routers come in here, one call for each.
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { subjects } from '@libs/events/subjects';
import { type Delivery } from '@libs/log/work-queue';
import { Worker } from './worker';

@Controller()
export class WorkController {
  constructor(private readonly worker: Worker) {}

  /** Resolved: the commit is acked. */
  @EventPattern(subjects.job('*', 'routed'))
  async handle(@Payload() delivery: Delivery): Promise<void> {
    if (await this.worker.handle(delivery) === 'left') delivery.leave?.();
  }
}
