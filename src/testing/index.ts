export { type DrainedTask, drainTasks } from './drain-tasks.js';
export { PrivateRedis, type PrivateRedisOptions, startPrivateRedis } from './private-redis.js';
