/** The shape that `JSON.stringify` makes of a value: dates become text. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends (...args: never[]) => unknown
      ? never
      : T extends object
        ? { readonly [Key in keyof T]: Json<T[Key]> }
        : T;
