// The worker's door: commits of the routers come in here, one call for each.
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { subjects } from '@libs/events/subjects';
import { type Delivery } from '@libs/log/work-queue';
import { Worker } from './worker';

/** Any routed commit, and what the transport hands over for it. */
const workPattern = subjects.job('*', 'routed');
type Work = Record<string, Delivery>;

@Controller()
export class WorkController {
  constructor(private readonly worker: Worker) {}

  /** Resolved: the commit is acked. */
  @EventPattern<Work>(workPattern)
  async handle(@Payload() delivery: Delivery): Promise<void> {
    if (await this.worker.handle(delivery) === 'left') delivery.leave?.();
  }
}
