import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type Mail, serveProducer } from '../harness/producer.js';
import { required } from '../harness/program.js';

const queue = new Queue<Mail>('bench', {
  connection: new Redis(required('REDIS_URL'), { maxRetriesPerRequest: null }),
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
});
await queue.waitUntilReady();

serveProducer({
  add: (kind, mail) => queue.add(kind, mail),
  addMany: (kind, mails) => queue.addBulk(mails.map((mail) => ({ name: kind, data: mail }))),
  schedule: (kind, mails, at) => {
    const opts = { delay: at - Date.now() };
    return queue.addBulk(mails.map((mail) => ({ name: kind, data: mail, opts })));
  },
});
