/** The page: its theme and its tabs. The content of a tab is created when it is first opened. */

import { style } from '@tapegrad/formulas/html';
import { documentPanel } from './document/panel.ts';
import { byId, element } from './elements.ts';
import { puzzlesPanel } from './puzzles/panel.ts';
import { tabs } from './tabs.ts';
import { themeButton } from './theme.ts';

document.head.prepend(element('style', {}, style));

const changed = new EventTarget();
const onTheme = (listener: () => void): void => changed.addEventListener('change', listener);
themeButton(document.querySelector<HTMLButtonElement>('.theme')!, () => changed.dispatchEvent(new Event('change')));

const panels: Readonly<Record<string, (panel: HTMLElement) => void>> = {
  document: documentPanel,
  puzzles: puzzlesPanel,
  network: (panel) => void import('./network/panel.ts').then(({ networkPanel }) => networkPanel(panel, onTheme)),
};
const made = new Set<string>();
tabs(document.querySelector<HTMLElement>('[role=tablist]')!, (id) => {
  if (made.has(id)) return;
  made.add(id);
  panels[id]?.(byId(id));
});
