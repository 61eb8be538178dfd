/**
 * Lets `instanceof` find instances of this class that another copy of the package made, as an app has them where npm could
 * not merge two versions: they carry the same mark. A class that extends it is asked for in the ordinary way.
 *
 * Reading the mark never throws, for any value: a revoked proxy is an instance of nothing.
 *
 * @param name of the class, which has to stay what it is
 * @example
 * class DropTask extends Error {
 *   static {
 *     brand(DropTask, 'DropTask');
 *   }
 * }
 */
export function brand(type: abstract new (...args: never[]) => unknown, name: string): void {
  const mark = Symbol.for(`nestwork.${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      try {
        if (this !== type) return Function.prototype[Symbol.hasInstance].call(this, value);
        return Reflect.get(Object(value), mark) === true;
      } catch {
        return false;
      }
    },
  });
}
