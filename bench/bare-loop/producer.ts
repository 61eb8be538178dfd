import { Redis } from 'ioredis';
import { serveProducer } from '../harness/producer.js';
import { required } from '../harness/program.js';

const redis = new Redis(required('REDIS_URL'));

serveProducer({
  add: (kind, mail) => redis.rpush('bench', JSON.stringify([kind, mail])),
  addMany: (kind, mails) => redis.rpush('bench', ...mails.map((mail) => JSON.stringify([kind, mail]))),
  schedule: () => Promise.reject(new Error('The bare loop knows no time.')),
});
