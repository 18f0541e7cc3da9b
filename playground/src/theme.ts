/** Light or dark: as the system prefers, until the reader chooses. */

type Theme = 'auto' | 'light' | 'dark';

const KEY = 'tapegrad-theme';
const themes: readonly Theme[] = ['auto', 'light', 'dark'];
const labels: Readonly<Record<Theme, string>> = { auto: '◐ Auto', light: '☀ Light', dark: '☾ Dark' };

/** A browser may refuse storage: the choice then lasts as long as the page. */
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
    // Without storage there is nothing to keep.
  }
}

let current: Theme = stored();

/** A picture of @tapegrad/inspect, which follows the system, made to follow the page's choice. */
export const pictureInTheme = (svg: string): string =>
  current === 'auto'
    ? svg
    : svg.replaceAll('@media (prefers-color-scheme:dark)', `@media ${current === 'dark' ? 'all' : 'not all'}`);

/** Makes a button go through the themes. `onChange` is called after each change. */
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
