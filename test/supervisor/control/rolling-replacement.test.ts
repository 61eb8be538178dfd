import { RollingReplacement } from '../../../src/supervisor/control/rolling-replacement.js';

interface TestChild {
  readonly name: string;
  dismissed: boolean;
  successor: never;
}

let children: Set<TestChild>;
let replaced: string[];
/** children that cannot be replaced now */
let stuck: Set<TestChild>;
let rolling: RollingReplacement<TestChild>;
beforeEach(() => {
  children = new Set();
  stuck = new Set();
  replaced = [];
  rolling = new RollingReplacement(children, (child) => {
    if (stuck.has(child)) return;
    replaced.push(child.name);
    child.successor = add(`${child.name}'`) as never;
  });
});

function add(name: string): TestChild {
  const child: TestChild = { name, dismissed: false, successor: undefined as never };
  children.add(child);
  return child;
}

/** Its successor works, so it is asked to end. */
function succeeded(child: TestChild): void {
  child.dismissed = true;
  rolling.goOn();
}

describe('a rolling replacement', () => {
  it("replaces the next child when the last one's successor works", () => {
    const [a, b, c] = ['a', 'b', 'c'].map(add) as [TestChild, TestChild, TestChild];
    rolling.add([a, b, c]);
    expect(replaced).toEqual(['a']);
    rolling.goOn();
    expect(replaced).toEqual(['a']);
    succeeded(a);
    expect(replaced).toEqual(['a', 'b']);
    succeeded(b);
    succeeded(c);
    rolling.goOn();
    expect(replaced).toEqual(['a', 'b', 'c']);
  });

  it('goes on when a child ends before its successor works', () => {
    const [a, b] = ['a', 'b'].map(add) as [TestChild, TestChild];
    rolling.add([a, b]);
    children.delete(a);
    rolling.goOn();
    expect(replaced).toEqual(['a', 'b']);
  });

  it('passes over children that are gone or cannot be replaced', () => {
    const [a, gone, booting, b] = ['a', 'gone', 'booting', 'b'].map(add) as [
      TestChild,
      TestChild,
      TestChild,
      TestChild,
    ];
    stuck.add(booting);
    rolling.add([a, gone, booting, b]);
    children.delete(gone);
    succeeded(a);
    expect(replaced).toEqual(['a', 'b']);
  });

  it('replaces a child once that is added twice, and later ones in their turn', () => {
    const [a, b] = ['a', 'b'].map(add) as [TestChild, TestChild];
    rolling.add([a, b]);
    rolling.add([b]);
    succeeded(a);
    succeeded(b);
    const c = add('c');
    rolling.add([c]);
    expect(replaced).toEqual(['a', 'b', 'c']);
  });
});
