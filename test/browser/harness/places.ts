import type { Buttons } from './press.js';
import type { Shop } from './shop.js';

/** Buttons of the dashboard, by where they are. What is done to one task comes first, and last what stops all. */
export async function buttonsOf({ inspector }: Shop): Promise<Buttons[]> {
  const tasks = async (of: Parameters<typeof inspector.tasks.list>[0]) => pagesOf(await inspector.tasks.list(of));
  const { groups } = await inspector.dead.groups({});
  // those of other tasks have places of their own
  const errors = groups.filter(({ task = '' }) => /payout|settle|backup/.test(task)).sort((a, b) => b.count - a.count);
  const { groups: sent } = await inspector.groups.list({ state: 'failed' });
  const { groups: open } = await inspector.groups.list({ state: 'open' });
  const [worker] = await inspector.workers.list();
  return [
    { views: await tasks({ state: 'pending', queue: 'mail' }) },
    { views: await tasks({ state: 'scheduled', queue: 'bulk' }) },
    { views: await tasks({ state: 'active' }) },
    { views: await tasks({ state: 'done', task: 'OrderTasks.confirm' }) },
    { views: pagesOf(await inspector.dead.list({ task: 'BillingTasks.charge' })) },
    { views: errors.map(({ key }) => `#/shop/dead/${key}`), within: 'main .errs' },
    { views: ['#/shop/tasks?state=pending&queue=mail'], isForSelected: true },
    { views: ['#/shop/scheduled?queue=bulk'], isForSelected: true },
    { views: ['#/shop/tasks?state=dead&task=BillingTasks.payout'], isForSelected: true },
    { views: ['#/shop/dead?task=BillingTasks.payout', '#/shop/dead?queue=images'] },
    { views: [...sent, ...open].map(({ id }) => `#/shop/groups/${id}`) },
    { views: ['#/shop/limits/newsletter'] },
    { views: ['#/shop/limits/export?key=acme'] },
    { views: ['#/shop/tasks?q=order'] },
    { views: ['#/shop/crons'] },
    { views: ['#/shop/cron/CatalogTasks.rebuild'] },
    { views: [20, 21, 22, 23, 24, 25].map((n) => `#/shop/cron/tenant-${n}.charge`) },
    { views: ['#/shop/queues'] },
    { views: ['#/shop/queue/critical'] },
    ...['overview', 'names', 'actions', 'send', 'limits'].map((screen) => ({ views: [`#/shop/${screen}`] })),
    { views: ['#/shop/workers'], within: 'main .kids' },
    { views: [`#/shop/workers/${worker?.id}`] },
  ];
}

function pagesOf({ tasks }: { readonly tasks: readonly { readonly id: string }[] }): string[] {
  return tasks.map(({ id }) => `#/shop/task/${id}`);
}
