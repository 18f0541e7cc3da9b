/** The theme: light or dark as the system prefers, unless the reader chooses one. */

type Theme = 'auto' | 'light' | 'dark';

const KEY = 'tapegrad-theme';
const themes: readonly Theme[] = ['auto', 'light', 'dark'];
const labels: Readonly<Record<Theme, string>> = { auto: '◐ Auto', light: '☀ Light', dark: '☾ Dark' };

/** Returns the stored choice. A browser may refuse storage; a choice then lasts only while the page is open. */
function stored(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto';
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage, nothing is kept.
  }
}

let current: Theme = stored();

/** Makes a picture of `inspect`, which follows the system's theme, follow the theme of the page. */
export const pictureInTheme = (svg: string): string =>
  current === 'auto'
    ? svg
    : svg.replaceAll('@media (prefers-color-scheme:dark)', `@media ${current === 'dark' ? 'all' : 'not all'}`);

/** Makes a button cycle through the themes. `onChange` is called after each change. */
export function themeButton(button: HTMLButtonElement, onChange: () => void): void {
  const show = (): void => {
    document.documentElement.style.colorScheme = current === 'auto' ? '' : current;
    button.textContent = labels[current];
    button.setAttribute('aria-label', `theme: ${current}`);
  };
  button.addEventListener('click', () => {
    current = themes[(themes.indexOf(current) + 1) % themes.length]!;
    store(current);
    show();
    onChange();
  });
  show();
}
