import {
  applyDecorators,
  type CallHandler,
  Catch,
  type ExceptionFilter,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { Task, TaskQueueModule, WorkerFactory } from 'nestwork';
import { required } from '../harness/program.js';
import { BenchTasks } from './bench-tasks.js';

/** The least that each kind of enhancer can do. */
const guard = { canActivate: () => true };
const interceptor = { intercept: (_context: unknown, next: CallHandler) => next.handle() };
const pipe = { transform: (value: unknown) => value };

@Catch()
class Bystander implements ExceptionFilter {
  catch(error: unknown): never {
    throw error;
  }
}

const all = applyDecorators(
  UseGuards(guard),
  UseInterceptors(interceptor),
  UsePipes(pipe),
  UseFilters(new Bystander()),
);

@Injectable()
@all
class NeighbourTasks {
  @Task()
  ping(): void {}
}

/** Around which tasks there are enhancers. */
const VARIANTS: Readonly<Record<string, () => void>> = {
  neighbour: () => {},
  interceptor: () => UseInterceptors(interceptor)(BenchTasks),
  all: () => all(BenchTasks),
};

VARIANTS[required('VARIANT')]?.();

@Module({
  imports: [TaskQueueModule.forRoot({ redis: required('REDIS_URL') })],
  providers: [BenchTasks, NeighbourTasks],
})
class EnhancedModule {}

await WorkerFactory.run(EnhancedModule, {
  children: Number(required('CHILDREN')),
  concurrency: Number(required('CONCURRENCY')),
});
