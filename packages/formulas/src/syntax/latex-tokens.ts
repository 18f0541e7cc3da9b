/** Splits LaTeX into tokens; unified-latex parses its syntax. */

import { LatexPegParser } from '@unified-latex/unified-latex-util-pegjs';
import { FormulaError } from '../text/errors.ts';
import { type Token, token } from './tokens.ts';

/** The fields of the parser's nodes that are used. */
interface SyntaxNode {
  readonly type: string;
  readonly content?: string | readonly SyntaxNode[];
  readonly position?: { readonly start: { readonly offset: number }; readonly end: { readonly offset: number } };
}

const deepest = 150;

/** Characters that are equivalent to a command. */
const commandOf: Readonly<Record<string, string>> = {
  ...{ '∂': 'partial', '∇': 'nabla', '⊙': 'odot', '∘': 'circ', '⊗': 'otimes', '·': 'cdot', '⋅': 'cdot', '×': 'times' },
  ...{ '←': 'leftarrow', '→': 'to', '≤': 'le', '≥': 'ge', '≠': 'ne', '≈': 'approx', '∝': 'propto', '∈': 'in' },
  ...{ '∑': 'sum', '∏': 'prod', '√': 'sqrt', '∞': 'infty', '…': 'dots', '⋯': 'cdots', '‖': '|', '∥': '|' },
  ...{ '⟨': 'langle', '⟩': 'rangle', '⊤': 'top', '≡': 'equiv', '≜': 'triangleq', '−': '-', '∀': 'forall', '≔': ':=' },
  ...{ α: 'alpha', β: 'beta', γ: 'gamma', δ: 'delta', ε: 'varepsilon', ϵ: 'epsilon', ζ: 'zeta' },
  ...{ η: 'eta', θ: 'theta', κ: 'kappa', λ: 'lambda', μ: 'mu', µ: 'mu', ν: 'nu', ξ: 'xi', π: 'pi' },
  ...{ ρ: 'rho', σ: 'sigma', τ: 'tau', φ: 'varphi', ϕ: 'phi', χ: 'chi', ψ: 'psi', ω: 'omega' },
  ...{ Δ: 'Delta', Γ: 'Gamma', Θ: 'Theta', Λ: 'Lambda', Σ: 'Sigma', Φ: 'Phi', Ψ: 'Psi', Ω: 'Omega' },
  ...{ ℓ: 'ell', ℒ: 'mathcalL', ℝ: 'mathbbR', '𝟙': 'mathbb1' },
};

/** Characters that are superscripts or subscripts by themselves, with their content. */
const scripts: Readonly<Record<string, readonly ['^' | '_', string]>> = {
  ...{ ᵀ: ['^', 'T'], '²': ['^', '2'], '³': ['^', '3'], '¹': ['^', '1'], ˡ: ['^', 'l'], '⁻': ['^', '-'] },
  ...{ '₀': ['_', '0'], '₁': ['_', '1'], '₂': ['_', '2'], '₃': ['_', '3'], '₄': ['_', '4'], '₅': ['_', '5'] },
  ...{ ᵢ: ['_', 'i'], ⱼ: ['_', 'j'], ₖ: ['_', 'k'], ₗ: ['_', 'l'], ₙ: ['_', 'n'], ₜ: ['_', 't'], ₘ: ['_', 'm'] },
  ...{ '₊': ['_', '+'], '₋': ['_', '-'] },
};

/**
 * Returns the plain form of a letter of Unicode's mathematical alphabets, or of a full-width sign, as Chinese and
 * Japanese input methods produce.
 */
const plainOf = (character: string): string =>
  character.length > 1 || /[\uFF01-\uFF5E]/.test(character) ? character.normalize('NFKD') : character;

/** Returns the tokens of one character, or of its equivalent. */
export function characterTokens(character: string, start: number, end: number): Token[] {
  const span = { start, end };
  const script = scripts[character];
  if (script !== undefined) {
    const [mark, text] = script;
    return [token('character', mark, span), token('group', '', span, [token('character', text, span)])];
  }
  const command = commandOf[character];
  if (command === '-') return [token('character', '-', span)];
  if (command === ':=') return [token('command', 'coloneqq', span)];
  const alphabet = /^(mathcal|mathbb)(.)$/.exec(command ?? '');
  if (alphabet !== null) {
    return [token('command', alphabet[1]!, span), token('character', alphabet[2]!, span)];
  }
  if (command !== undefined) return [token('command', command, span)];
  if (/\s/.test(character)) return [token('space', ' ', span)];
  return [token('character', plainOf(character), span)];
}

function stringTokens(text: string, start: number): Token[] {
  const tokens: Token[] = [];
  let at = start;
  for (const character of text) {
    tokens.push(...characterTokens(character, at, at + character.length));
    at += character.length;
  }
  return tokens;
}

/** Entities of HTML in formulas that were copied from the addresses of images. */
const entities: Readonly<Record<string, string>> = { plus: '+', space: ' ', amp: '&', lt: '<', gt: '>', minus: '-' };

/** Replaces entities such as &plus; by the signs that they stand for. */
function withoutEntities(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const at = tokens[i]!;
    const end = at.text === '&' && at.kind === 'command' ? tokens.findIndex((of, k) => k > i && of.text === ';') : -1;
    const name =
      end < 0 || end > i + 6
        ? ''
        : tokens
            .slice(i + 1, end)
            .map(({ text }) => text)
            .join('');
    if (!Object.hasOwn(entities, name)) {
      result.push(at);
      continue;
    }
    const span = { start: at.span.start, end: tokens[end]!.span.end };
    const sign = entities[name]!;
    result.push(sign === '&' ? token('command', '&', span) : characterTokens(sign, span.start, span.end)[0]!);
    i = end;
  }
  return result;
}

/** Joins adjacent scripts of the same kind, such as ⁻¹. */
function joined(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const at = tokens[i]!;
    const isScript = at.kind === 'character' && (at.text === '^' || at.text === '_');
    const [before, mark] = [result.at(-1), result.at(-2)];
    const next = tokens[i + 1];
    const isUnicode = next?.kind === 'group' && next.span.start === at.span.start;
    const continues =
      isScript &&
      isUnicode &&
      before?.kind === 'group' &&
      mark?.text === at.text &&
      before.span.start === mark.span.start;
    if (continues) {
      const span = { start: before.span.start, end: next.span.end };
      result[result.length - 1] = token('group', '', span, [...before.children, ...next.children]);
      i++;
    } else result.push(at);
  }
  return result;
}

/** Signs that are typed as two characters, as in programs, with the command that they stand for. */
const typed: Readonly<Record<string, string>> = {
  ...{ '==': 'equiv', '=>': 'implies', '<=': 'le', '>=': 'ge', '!=': 'ne', '->': 'to' },
};

function withTypedSigns(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (const of of tokens) {
    const before = result.at(-1);
    const isNext = before?.kind === 'character' && of.kind === 'character' && before.span.end === of.span.start;
    const sign = isNext ? `${before.text}${of.text}` : '';
    if (!isNext || !Object.hasOwn(typed, sign)) result.push(of);
    else result[result.length - 1] = token('command', typed[sign]!, { start: before.span.start, end: of.span.end });
  }
  return result;
}

const tidied = (tokens: readonly Token[]): Token[] => joined(withTypedSigns(withoutEntities(tokens)));

const environmentName = (text: string): string => /^\\begin\s*\{([^{}]*)\}/.exec(text)?.[1]?.trim() ?? '';

function convert(nodes: readonly SyntaxNode[], text: string, offset: number, depth: number): Token[] {
  const tokens: Token[] = [];
  for (const node of nodes) {
    const start = offset + (node.position?.start.offset ?? 0);
    const end = offset + (node.position?.end.offset ?? 0);
    const span = { start, end };
    if (depth > deepest) throw new FormulaError('braces are nested too deeply', span);
    const { content = '' } = node;
    const children = (): Token[] => (typeof content === 'string' ? [] : convert(content, text, offset, depth + 1));
    switch (node.type) {
      case 'macro':
        tokens.push(
          content === '^' || content === '_'
            ? token('character', content, span)
            : token('command', String(content), span),
        );
        break;
      case 'string':
        if (content === '&') tokens.push(token('command', '&', span));
        else tokens.push(...stringTokens(text.slice(start - offset, end - offset), start));
        break;
      case 'group':
        tokens.push(token('group', '', span, tidied(children())));
        break;
      case 'environment':
      case 'mathenv':
        tokens.push(token('environment', environmentName(text.slice(start - offset)), span, tidied(children())));
        break;
      case 'inlinemath':
      case 'displaymath':
        tokens.push(token('group', '', span, tidied(children())));
        break;
      case 'verb':
      case 'verbatim':
        tokens.push(token('prose', typeof content === 'string' ? content : '', span));
        break;
      default:
        tokens.push(token('space', ' ', span));
    }
  }
  return tokens;
}

/** Splits a LaTeX formula into tokens; it begins at `offset` in its page. */
export function latexTokens(text: string, offset: number): Token[] {
  let nodes: readonly SyntaxNode[];
  try {
    nodes = LatexPegParser.parse(text, { startRule: 'math' }) as readonly SyntaxNode[];
  } catch (error) {
    if (error instanceof RangeError)
      throw new FormulaError('braces are nested too deeply', { start: offset, end: offset + 1 });
    const at = (error as { location?: { start?: { offset?: number } } }).location?.start?.offset ?? 0;
    throw new FormulaError('this is not valid LaTeX', { start: offset + at, end: offset + at + 1 });
  }
  return tidied(convert(nodes, text, offset, 0));
}
