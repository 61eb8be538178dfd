/** A clock that all processes of this machine share and that is never set, in ms. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
