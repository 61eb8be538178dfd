import type { InspectorContext } from '../../inspector/inspector-context.js';
import { command } from '../../terminal/command.js';
import { text, whole } from '../../terminal/usage.js';

/** `nestwork dashboard`. It loads Nest, and only when it runs. */
export const dashboardCommand = command({
  name: 'dashboard',
  summary: 'serve the dashboard on this machine, to those who have its address',
  options: {
    port: whole('<number>', 'the port (4983, or a free one if that is taken); 0 takes a free one', 0, 65_535),
    host: text('<address>', 'the address to listen on (127.0.0.1: this machine alone)'),
  },
  run: async (context: InspectorContext, _, given) => {
    const { runDashboard } = await import('./run-dashboard.js');
    await runDashboard(context, given);
    return undefined;
  },
});
