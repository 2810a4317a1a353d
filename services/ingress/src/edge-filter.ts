// What escapes a controller, and paths that do not exist, in the surface's envelope.
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { answerError } from './http-server';
import { type Edge } from './shared/edge';
import { existing, surfaceOfPath } from './shared/paths';
import { refusal } from './shared/refusal';
import { sendRefusal } from './shared/respond';

@Catch()
export class EdgeFilter implements ExceptionFilter {
  constructor(private readonly edge: Edge) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    if (error instanceof HttpException && error.getStatus() === 404) {
      sendRefusal(reply, surfaceOfPath(request.url, request.headers), refusal(
        404, 'unknown_path',
        `${request.method} ${request.url.split('?')[0] ?? ''} does not exist. There is: `
        + `${existing.join(', ')}.`,
      )); return;
    }
    const status = error instanceof HttpException ? error.getStatus() : undefined;
    answerError(
      this.edge,
      status === undefined ? error : { statusCode: status, message: (error as Error).message },
      request, reply,
    );
  }
}
