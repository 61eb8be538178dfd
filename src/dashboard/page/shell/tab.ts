import type { Verdict } from '../verdict.js';

const SIGNS: Partial<Record<string, string>> = { dead: '✕', held: '‖', done: '✓' };
const ICONS: Partial<Record<string, string>> = { dead: 'problem.svg', held: 'notice.svg' };

/** Title and icon of the tab say whether all is well. The icons are files: images come from this server alone. */
export function showVerdict(verdict: Verdict | undefined, title: string | undefined): void {
  const sign = verdict ? SIGNS[verdict.state] : undefined;
  const words = title ?? (verdict?.state === 'done' ? undefined : verdict?.text);
  const text = [sign, [words, 'nestwork'].filter(Boolean).join(' · ')].filter(Boolean).join(' ');
  if (document.title !== text) document.title = text;
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (!icon) return;
  const address = new URL(ICONS[verdict?.state ?? ''] ?? 'icon.svg', icon.href).href;
  if (icon.href !== address) icon.href = address;
}
