import { type CommandContext, command } from '../../terminal/command.js';
import { usageError } from '../../terminal/usage.js';
import { SCRIPTS } from './completion-scripts.js';

/** `nestwork completion` */
export const completionCommand = command({
  name: 'completion',
  summary: 'print a script that completes commands, options and names in bash or zsh',
  arguments: { shell: { summary: 'bash or zsh', choices: Object.keys(SCRIPTS) } },
  takesGlobalOptions: false,
  run: async ({ out }: CommandContext, { shell }) => {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell as keyof typeof SCRIPTS] : undefined;
    if (script === undefined) {
      throw usageError(`There is no completion for ${shell}.`, `Give one of: ${Object.keys(SCRIPTS).join(', ')}.`);
    }
    out.line(script.trim());
    return undefined;
  },
});
