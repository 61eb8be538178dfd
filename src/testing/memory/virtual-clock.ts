/** A clock that stands still until it is moved. It has no timer, so nothing keeps a process alive. */
export class VirtualClock {
  /** @param time where it stands at first, in ms since 1970 */
  constructor(private time: number) {}

  /** In ms since 1970. */
  readonly now = (): number => this.time;

  /** Moves it forward, never back. */
  moveTo(time: number): void {
    this.time = Math.max(time, this.time);
  }
}
