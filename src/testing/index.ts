export { drainTasks } from './drain-tasks.js';
export { RedisServer, type RedisServerOptions } from './redis-server.js';
export type { TaskRun } from './task-run.js';
