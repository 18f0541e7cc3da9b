/** Text editors with line wrapping and underlined ranges. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, type Extension, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';

/** A range of the text, with a class. */
export interface Underline {
  readonly start: number;
  readonly end: number;
  readonly className: string;
}

const setUnderlines = StateEffect.define<readonly Underline[]>();

const underlines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let decorations = value.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setUnderlines)) continue;
      const ranges = effect.value
        .filter(({ start, end }) => start < end && end <= transaction.newDoc.length)
        .map(({ start, end, className }) => Decoration.mark({ class: className }).range(start, end));
      decorations = Decoration.set(ranges, true);
    }
    return decorations;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The options of an editor. */
export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly label: string;
  readonly text: string;
  readonly extensions?: readonly Extension[];
  readonly onChange: (text: string) => void;
}

/** An editor of text. */
export class Editor {
  readonly view: EditorView;

  constructor({ parent, label, text, extensions = [], onChange }: EditorOptions) {
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          EditorView.lineWrapping,
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) onChange(state.doc.toString());
          }),
          underlines,
          ...extensions,
        ],
      }),
    });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Replaces a range, or the whole text. */
  replace(insert: string, from = 0, to = this.view.state.doc.length): void {
    this.view.dispatch({ changes: { from, to, insert } });
  }

  underline(stretches: readonly Underline[]): void {
    this.view.dispatch({ effects: setUnderlines.of(stretches) });
  }

  /** Selects a range and scrolls to it. */
  select(start: number, end: number): void {
    this.view.dispatch({
      selection: { anchor: start, head: end },
      effects: EditorView.scrollIntoView(start, { y: 'center' }),
    });
    this.view.focus();
  }
}
