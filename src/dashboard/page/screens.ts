import { screen as overview } from '../screens/overview/index.js';
import type { Screen } from './screen.js';

/** All views: those with an icon are pages in the side, in this order. */
const SCREENS: readonly Screen[] = [overview];

export const pages: readonly Screen[] = SCREENS.filter(({ icon }) => icon !== undefined);

export function screenOf(name: string): Screen | undefined {
  return SCREENS.find((screen) => screen.name === name);
}
