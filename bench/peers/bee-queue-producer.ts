import Queue from 'bee-queue';
import { type Mail, serveProducer } from '../harness/producer.js';
import { required } from '../harness/program.js';

const queue = new Queue<Mail>('bench', {
  redis: { url: required('REDIS_URL') },
  isWorker: false,
  getEvents: false,
  sendEvents: false,
  storeJobs: false,
});
await queue.ready();

serveProducer({
  add: (_kind, mail) => queue.createJob(mail).save(),
  addMany: (_kind, mails) => saveAll(mails.map((mail) => queue.createJob(mail))),
  schedule: (_kind, mails, at) => saveAll(mails.map((mail) => queue.createJob(mail).delayUntil(at))),
});

async function saveAll(jobs: Parameters<typeof queue.saveAll>[0]): Promise<void> {
  const [error] = (await queue.saveAll(jobs)).values();
  if (error) throw error;
}
