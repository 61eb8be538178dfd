import { jest } from '@jest/globals';
import type { RunningTask } from '../../src/worker/running-task.js';
import { runningTask } from '../../src/worker/task-context.js';
import { TaskLogger } from '../../src/worker/task-logger.js';

const TASK = { name: 'ReportTasks.send', id: 'k3v9x0q2m7ab00000001', queue: 'default', attempt: 2 };

function printed(write: () => void): string {
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    write();
    return stdout.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    stdout.mockRestore();
  }
}

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function withinTask(act: () => void, trace?: string): void {
  runningTask.run({ ...TASK, trace } as unknown as RunningTask, act);
}

describe('TaskLogger', () => {
  it('writes the task as a field of a JSON line', () => {
    const logger = new TaskLogger({ json: true });
    const line = printed(() => withinTask(() => logger.log('sent', 'ReportTasks')));
    expect(JSON.parse(line)).toMatchObject({ level: 'log', message: 'sent', context: 'ReportTasks', task: TASK });
  });

  it('writes no field outside a task', () => {
    const logger = new TaskLogger({ json: true });
    expect(JSON.parse(printed(() => logger.warn('slow', 'Other')))).not.toHaveProperty('task');
  });

  it('writes the task as text between context and message', () => {
    const logger = new TaskLogger({ colors: false });
    const line = printed(() => withinTask(() => logger.log('sent', 'ReportTasks')));
    expect(line).toContain('[ReportTasks] ReportTasks.send k3v9x0q2m7ab00000001 #2 sent');
  });

  it('writes no task before the lines of a worker about a task, which name it', () => {
    const logger = new TaskLogger({ colors: false });
    const line = printed(() => withinTask(() => logger.warn('Task ReportTasks.send failed', 'TaskWorker')));
    expect(line).toContain('[TaskWorker] Task ReportTasks.send failed');
  });

  it('writes the trace of a task as fields of a JSON line', () => {
    const logger = new TaskLogger({ json: true });
    const line = printed(() => withinTask(() => logger.log('sent'), TRACE));
    expect(JSON.parse(line)).toMatchObject({
      task: TASK,
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      trace_flags: '01',
    });
  });

  it.each([
    [
      'ReportTasks',
      '[ReportTasks] ReportTasks.send k3v9x0q2m7ab00000001 #2 trace=0af7651916cd43dd8448eb211c80319c sent',
    ],
    ['TaskWorker', '[TaskWorker] trace=0af7651916cd43dd8448eb211c80319c sent'],
  ])('writes the trace of a task as text behind the context %s', (context, expected) => {
    const logger = new TaskLogger({ colors: false });
    expect(printed(() => withinTask(() => logger.log('sent', context), TRACE))).toContain(expected);
  });

  it('writes no trace that is no traceparent', () => {
    const line = printed(() => withinTask(() => new TaskLogger({ json: true }).log('sent'), 'x'.repeat(10_000)));
    expect(JSON.parse(line)).not.toHaveProperty('trace_id');
  });

  it('keeps to the levels it is given', () => {
    const logger = new TaskLogger({ logLevels: ['error'] });
    expect(printed(() => logger.log('sent', 'ReportTasks'))).toBe('');
  });
});
