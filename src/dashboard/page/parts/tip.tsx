import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** How long a finger stays for a tooltip, in ms. */
const PRESS_MS = 500;

/** Text that explains itself to pointer, keyboard and finger. Anything with `data-tip` has a tooltip too. */
export function Tip({ text, children }: { readonly text: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard reaches the tooltip by its focus
    <span class="tip" tabIndex={0} data-tip={text}>
      {children}
    </span>
  );
}

/** What percentiles are called: nothing keeps single times. */
export function Estimated({ children }: { readonly children: string }): JSX.Element {
  return <Tip text="Percentiles are estimated from counts of ranges.">{children}</Tip>;
}

/** The one tooltip of the page: for hover, focus and a long press. Esc and a move away close it. */
export function Tips(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tip = box.current as HTMLDivElement;
    let owner: Element | undefined;
    let timer = 0;
    const hide = (): void => {
      clearTimeout(timer);
      owner?.removeAttribute('aria-describedby');
      owner = undefined;
      if (tip.matches(':popover-open')) tip.hidePopover();
    };
    const show = (target: Element): void => {
      const text = target.getAttribute('data-tip');
      if (!text || target === owner) return;
      hide();
      owner = target;
      tip.textContent = text;
      tip.showPopover();
      target.setAttribute('aria-describedby', tip.id);
      const at = target.getBoundingClientRect();
      const { width, height } = tip.getBoundingClientRect();
      const below = at.bottom + 6 + height < innerHeight;
      tip.style.left = `${Math.max(6, Math.min(at.left, innerWidth - width - 6))}px`;
      tip.style.top = `${below ? at.bottom + 5 : at.top - height - 5}px`;
    };
    const tipped = ({ target }: Event): Element | undefined =>
      (target instanceof Element && target.closest('[data-tip]')) || undefined;
    const soon = (event: Event, ms: number): void => {
      clearTimeout(timer);
      const target = tipped(event);
      if (target) timer = window.setTimeout(() => target.isConnected && show(target), ms);
    };
    const on: Record<string, (event: Event) => void> = {
      pointerover: (event) => {
        if ((event as PointerEvent).pointerType === 'touch') return;
        if (event.target === tip) return clearTimeout(timer);
        if (tipped(event) !== owner) soon(event, 350);
        if (owner && !tipped(event)) timer = window.setTimeout(hide, 150);
      },
      pointerdown: (event) => {
        hide();
        if ((event as PointerEvent).pointerType === 'touch') soon(event, PRESS_MS);
      },
      pointerup: () => clearTimeout(timer),
      pointercancel: () => clearTimeout(timer),
      focusin: (event) => {
        // the end of a long press may give the focus to what is explained
        if (tipped(event) === owner) return;
        hide();
        const target = event.target as Element;
        if (target.matches(':focus-visible[data-tip]')) show(target);
      },
      focusout: hide,
      keydown: (event) => (event as KeyboardEvent).key === 'Escape' && hide(),
    };
    for (const [name, does] of Object.entries(on)) document.addEventListener(name, does);
    return () => {
      for (const [name, does] of Object.entries(on)) document.removeEventListener(name, does);
    };
  }, []);
  return <div id="tip" class="tooltip" role="tooltip" popover="manual" ref={box} />;
}
