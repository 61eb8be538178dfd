/** In Node.js since 20; the type library of ES2023 does not know it yet. */
type Utf16 = string & { isWellFormed(): boolean };

/** Whether a text survives UTF-8, which turns each lone surrogate into the same other character. */
export function isWellFormed(text: string): boolean {
  return (text as Utf16).isWellFormed();
}
