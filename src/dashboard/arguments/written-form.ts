/** A value of the editable text. */
export type Written = string | number | boolean | null | readonly Written[] | { readonly [name: string]: Written };

/** The name of the object that stands for a hidden value; its value is the number of it. */
export const PLACEHOLDER = '$redacted';

/** A value that somebody may not see. */
export interface HiddenValue {
  /** where it is: `[0].card.number` */
  readonly path: string;
  readonly value: unknown;
}
