/** Tabs, for pointer and keyboard; arrow keys move between them. */

import { byId } from './elements.ts';

/** Activates a list of tabs. `onOpen` is called with the id of a panel when it opens. */
export function tabs(list: HTMLElement, onOpen: (panel: string) => void): void {
  const all = [...list.querySelectorAll<HTMLButtonElement>('[role=tab]')];
  const panelOf = (tab: HTMLButtonElement): string => tab.getAttribute('aria-controls')!;
  const open = (tab: HTMLButtonElement): void => {
    for (const other of all) {
      const isOpen = other === tab;
      other.setAttribute('aria-selected', String(isOpen));
      other.tabIndex = isOpen ? 0 : -1;
      byId(panelOf(other)).hidden = !isOpen;
    }
    history.replaceState(null, '', `#${panelOf(tab)}`);
    onOpen(panelOf(tab));
  };
  for (const [i, tab] of all.entries()) {
    tab.addEventListener('click', () => open(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (step === 0) return;
      const next = all[(i + step + all.length) % all.length]!;
      next.focus();
      open(next);
    });
  }
  open(all.find((tab) => `#${panelOf(tab)}` === location.hash) ?? all[0]!);
}
