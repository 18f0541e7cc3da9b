/** Determines the role of each statement: definition, declaration, assumption, claim, or a step of an algorithm. */

import { headingBetween } from '../statements/sections.ts';
import type { Reading, Statement } from '../statements/statement.ts';
import { bare, type DerivativeNode, type Expression, keyOf, type LetterNode, walk } from '../syntax/ast.ts';
import { dependenciesIn } from './letters/dependencies.ts';
import { lastMembers } from './letters/last-members.ts';
import { eachLetter, Letters, type Use } from './letters/letters.ts';
import { namesakesOf } from './letters/namesakes.ts';
import { remarksIn } from './letters/prose.ts';
import { targetsIn } from './letters/targets.ts';
import { updatesIn } from './letters/updates.ts';
import { writtenOut } from './letters/written-out.ts';
import type {
  Alias,
  Assumption,
  Declaration,
  Definition,
  Equation,
  FunctionDefinition,
  Item,
  ItemKind,
  Outline,
  Property,
} from './outline-types.ts';
import { pageWide } from './outline-types.ts';
import { dimensionsOf } from './shapes/spaces.ts';
import {
  aliasOf,
  containsDerivative,
  countsDown,
  defined,
  definedPower,
  differentiatedOnly,
  isLossLike,
  isPlainBound,
  knownNames,
  lossLetter,
  sameIndices,
  samePattern,
} from './sides.ts';
import { withArguments } from './spoken-functions.ts';

const inequalities: ReadonlySet<string> = new Set(['<', '>', 'le', 'ge', 'ne']);
const judged = new Set(['=', 'define', 'leftarrow', 'propto', 'approx', ...inequalities]);
const lossNames = /^(?:L|J|E|C|ell|R|F|loss|Loss|cost|Cost|MSE|CE|NLL|BCE|Q|S|H|U)$/;

/** Returns whether an argument is written with dots: x_1, …, x_n. */
const hasDots = (e: Expression): boolean =>
  e.kind === 'dots' || (e.kind === 'big' && e.op === 'list') || (e.kind === 'tuple' && e.items.some(hasDots));

class Classifier {
  readonly #reading: Reading;
  readonly #letters: Letters;
  readonly #definitions: Definition[] = [];
  readonly #functions: FunctionDefinition[] = [];
  readonly #aliases: Alias[] = [];
  readonly #declarations: Declaration[] = [];
  readonly #assumptions: Assumption[] = [];
  readonly #losses = new Set<string>();
  readonly #scalars = new Set<string>();

  readonly #redefined: ReadonlySet<Statement>;
  readonly #updates: ReadonlySet<number>;

  constructor(reading: Reading, redefined: ReadonlySet<Statement>) {
    this.#reading = reading;
    this.#redefined = redefined;
    this.#letters = new Letters(reading.statements);
    this.#updates = updatesIn(reading.statements, this.#letters);
  }

  outline(): Outline {
    this.#findLosses();
    const items = this.#reading.statements.map((statement, i) => this.#item(statement, i));
    const isOpen = (key: string): boolean =>
      !this.#isDefined(key) && !this.#aliases.some((alias) => alias.key === key) && !this.#isDefinedAnywhere(key);
    this.#aliases.push(...namesakesOf(this.#aliases, this.#letters, isOpen));
    for (const letter of targetsIn(this.#reading.statements.map(({ sides }) => sides))) {
      const { key } = this.#use(letter);
      if (!this.#isDefinedAnywhere(key)) this.#assumptions.push({ key, property: 'distribution', block: pageWide });
    }
    for (const { letter, property, block } of remarksIn(this.#reading)) {
      const key = this.#spokenKey(letter);
      if (key !== undefined) this.#assumptions.push({ key, property, block });
    }
    const isUndefined = (letter: LetterNode): boolean =>
      isOpen(this.#use(letter).key) && !this.#functions.some(({ key }) => key === this.#use(letter).key);
    const { notation } = this.#reading;
    return {
      reading: this.#reading,
      letters: this.#letters,
      items: items.map((item) => ({
        ...item,
        steps: item.steps.map((step) => withArguments(step, notation, isUndefined)),
      })),
      definitions: this.#definitions,
      functions: this.#functions,
      aliases: this.#aliases,
      declarations: this.#declarations,
      assumptions: this.#assumptions,
      updates: this.#updates,
      losses: this.#losses,
      scalars: this.#scalars,
      dependencies: dependenciesIn(
        items,
        this.#letters,
        this.#definitions,
        this.#functions,
        this.#reading.notation.functions,
      ),
      lasts: lastMembers(this.#definitions, this.#letters),
    };
  }

  /** Returns the key of a letter mentioned in prose. It may be plain there and bold in formulas. */
  #spokenKey(letter: LetterNode): string | undefined {
    const { key } = this.#use(letter);
    if (this.#letters.infoOf(key) !== undefined) return key;
    return [...this.#letters.all.values()].find(({ name }) => name === letter.name)?.key;
  }

  #findLosses(): void {
    const { statements, notation } = this.#reading;
    for (const { sides } of statements) {
      const [left, right] = sides;
      const letter = left === undefined ? undefined : defined(left);
      const isNamed =
        letter !== undefined && (/^(?:L|J|E|C|ell|loss|Loss)$/.test(letter.name) || letter.alphabet === 'calligraphic');
      if (isNamed && right !== undefined && (notation.differentials.size > 0 || isLossLike(right)))
        this.#losses.add(keyOf(letter));
      for (const side of sides) {
        walk(side, (e) => {
          if (e.kind !== 'derivative' || e.mark === 'differential') return;
          const letter = lossLetter(e.of);
          if (letter === undefined) return;
          if (lossNames.test(letter.name) || letter.alphabet === 'calligraphic') this.#losses.add(keyOf(letter));
          if (this.#hasNumber(e, letter)) this.#scalars.add(keyOf(letter));
        });
      }
    }
  }

  /** Returns whether a derivative shows that its function is a number: a gradient, or a derivative of f(x) by x_i. */
  #hasNumber({ mark, of, by }: DerivativeNode, fn: LetterNode): boolean {
    if (!this.#reading.notation.functions.has(keyOf(fn)) || fn.sub.length + fn.sup.length > 0) return false;
    if (mark === 'nabla') return true;
    const [called, variable] = [bare(of), bare(by[0]!)];
    if (called.kind !== 'call' || variable.kind !== 'letter' || !/^[fghuFGHVQ]$/.test(fn.name)) return false;
    const [arg, other] = called.args.map(bare);
    const isWhole = arg?.kind === 'letter' && other === undefined && keyOf(arg) === keyOf(variable);
    return isWhole && arg.sub.length === 0 && variable.sub.length > 0;
  }

  #use = (letter: LetterNode): Use => this.#letters.useOf(letter);

  #isDefined(key: string): boolean {
    return this.#definitions.some((definition) => definition.key === key);
  }

  #item(statement: Statement, i: number): Item {
    const { sides, relations, error } = statement;
    if (error !== undefined) return { statement: i, kind: 'unread', steps: [] };
    if (sides.length < 2) return { statement: i, kind: 'assumption', steps: [] };
    if (relations[0] === 'in') {
      this.#declare(sides[0]!, sides[1]!, i);
      return { statement: i, kind: 'declaration', steps: [] };
    }
    // a = b \in R^n claims that a is b, and says in which space they are.
    if (relations.length > 1 && relations.at(-1) === 'in') {
      for (const side of sides.slice(0, -1)) this.#declare(side, sides.at(-1)!, i);
      return this.#item({ ...statement, sides: sides.slice(0, -1), relations: relations.slice(0, -1) }, i);
    }
    const isBound = !relations.some((relation) => relation === '=') && isPlainBound(statement);
    if (inequalities.has(relations[0]!) && isBound) return { statement: i, kind: 'assumption', steps: [] };
    if (!relations.every((relation) => judged.has(relation))) {
      return { statement: i, kind: isPlainBound(statement) ? 'assumption' : 'unread', steps: [] };
    }
    const steps = sides.slice(1).map((right, k): Equation => ({ left: sides[k]!, right, relation: relations[k]! }));
    if (this.#isWrittenOut(statement, i))
      return { statement: i, kind: steps.length > 1 ? 'claim' : 'declaration', steps: steps.slice(1) };
    if (this.#assume(statement)) return { statement: i, kind: 'assumption', steps: [] };
    const kind = inequalities.has(relations[0]!) ? 'claim' : this.#define(statement, i);
    // In w_{t+1} = w_t - η ∂L/∂w = …, the first step is the update, and the others are claims.
    if (kind !== 'claim') return { statement: i, kind: steps.length > 1 ? 'claim' : kind, steps: steps.slice(1) };
    return { statement: i, kind: 'claim', steps };
  }

  /** Recognizes assumptions: B = B^T, X^T X = I. */
  #assume({ sides, relations, block }: Statement): boolean {
    if (sides.length !== 2 || relations[0] !== '=') return false;
    const [left, right] = sides.map(bare) as [Expression, Expression];
    const note = (letter: LetterNode, property: Property): true => {
      this.#assumptions.push({ key: this.#use(letter).key, property, block });
      return true;
    };
    const isSame = (a: Expression, b: Expression): boolean =>
      a.kind === 'letter' &&
      b.kind === 'letter' &&
      keyOf(a) === keyOf(b) &&
      sameIndices([...a.sub, ...a.sup], [...b.sub, ...b.sup]);
    for (const [a, b] of [
      [left, right],
      [right, left],
    ] as const) {
      if (a.kind !== 'letter') continue;
      if (b.kind === 'transpose' && isSame(a, bare(b.of))) return note(a, 'symmetric');
      const isMinus = b.kind === 'sum' && b.terms.length === 1 && b.minus[0] === true;
      const inner = isMinus ? bare(b.terms[0]!) : undefined;
      if (inner?.kind === 'transpose' && isSame(a, bare(inner.of))) return note(a, 'antisymmetric');
    }
    const summed = left.kind === 'big' && left.op === 'sum' && left.indices.length === 1 ? bare(left.body) : undefined;
    const isOne = right.kind === 'number' && right.text === '1';
    if (isOne && summed?.kind === 'letter' && !this.#isDefinedAnywhere(this.#use(summed).key))
      return note(summed, 'distribution');
    const factors = left.kind === 'product' ? left.factors.map(bare) : [];
    const [first, second] = factors;
    const isIdentity = right.kind === 'letter' && right.name === 'I';
    if (isIdentity && first?.kind === 'transpose' && second !== undefined && isSame(bare(first.of), second))
      return note(second as LetterNode, 'orthogonal');
    return false;
  }

  #declare(left: Expression, right: Expression, statement: number): void {
    const space = bare(right.kind === 'tuple' ? right.items[0]! : right);
    const items = left.kind === 'tuple' ? left.items : [left];
    for (const item of items) {
      const letter = defined(item);
      if (letter === undefined) continue;
      const { key, members } = this.#use(letter);
      const dims = dimensionsOf(space);
      if (dims !== undefined) this.#declarations.push({ key, members, ...dims, statement });
    }
  }

  /** Recognizes arrays that are written out by their elements: x = (x_1, …, x_n). */
  #isWrittenOut(statement: Statement, i: number): boolean {
    const array = writtenOut(statement);
    if (array === undefined) return false;
    const { letter, rows, columns } = array;
    const { key, members } = this.#use(letter);
    this.#declarations.push({ key, members, rows, columns, statement: i });
    return true;
  }

  /** Records the definition in a statement, if there is one. */
  #define(statement: Statement, i: number): ItemKind {
    const { sides, relations, ranges, procedure } = statement;
    const [left, right] = sides as [Expression, Expression];
    const fn = bare(left);
    // L(x_1, …, x_T, w) = … defines L, and says what it depends on.
    if (fn.kind === 'call' && fn.args.some(hasDots) && !knownNames.has(fn.fn.name) && !containsDerivative(right))
      return this.#define({ ...statement, sides: [fn.fn, ...sides.slice(1)] }, i);
    if (fn.kind === 'call' && fn.fn.primes === 0 && relations[0] !== 'propto') {
      const parameters = fn.args.map((arg) => defined(arg));
      // J(x) = ∂y/∂x names a derivative.
      const isGiven = aliasOf(right) !== undefined || !containsDerivative(right);
      const { key: name, members: own } = this.#use(fn.fn);
      const isSame = ({ key, pattern }: FunctionDefinition): boolean => key === name && samePattern(pattern, own);
      const isNew = !knownNames.has(fn.fn.name) && !this.#functions.some(isSame);
      if (isNew && parameters.every((parameter) => parameter !== undefined) && isGiven) {
        const { key, members } = this.#use(fn.fn);
        this.#functions.push({
          key,
          pattern: members,
          parameters: parameters as LetterNode[],
          body: right,
          statement: i,
        });
        return 'definition';
      }
      return 'claim';
    }
    const power = definedPower(left);
    const letter = power?.letter ?? defined(left);
    if (letter === undefined) return this.#reversedAlias(left, right, i);
    const own = this.#use(letter);
    const use = power === undefined ? own : { ...own, key: `${own.key}^${power.times}` };
    const pattern = [...use.members, ...use.elements];
    if (this.#updates.has(i) || this.#isUpdate(letter, right)) return 'step';
    const derivative = aliasOf(right);
    if (derivative !== undefined) {
      const known = this.#aliases.some((alias) => alias.key === use.key);
      if (!known && !this.#isDefined(use.key)) {
        this.#aliases.push({ key: use.key, pattern, of: derivative.of, by: derivative.by[0]!, statement: i });
        return 'definition';
      }
      return 'claim';
    }
    if (this.#aliases.some((alias) => alias.key === use.key)) return 'claim';
    if (relations[0] === 'propto' || relations[0] === 'approx') return 'claim';
    if (use.elements.length > 0 && this.#isDefinedWhole(use)) return 'claim';
    const isBackwards = countsDown(use, right, this.#letters);
    if (
      letter.name === 'delta' &&
      letter.alphabet !== 'upright' &&
      (use.members.length > 0 || containsDerivative(right))
    )
      return 'claim';
    if (isBackwards) return 'claim';
    const known = this.#definitions.find(
      (definition) => definition.key === use.key && samePattern(definition.pattern, pattern),
    );
    const isSaidBetter = known !== undefined && this.#isAbstract(known.body) && !this.#isAbstract(right);
    if (
      known !== undefined &&
      !isSaidBetter &&
      !this.#redefined.has(statement) &&
      !this.#headingBetween(known.statement, i)
    )
      return 'claim';
    if (isSaidBetter) this.#definitions.splice(this.#definitions.indexOf(known), 1);
    this.#definitions.push({
      key: use.key,
      pattern,
      elements: use.elements.length,
      body: right,
      statement: i,
      ranges,
      procedure,
    });
    return 'definition';
  }

  /** Recognizes ∂L/∂a = delta if nothing else defines delta. */
  #reversedAlias(left: Expression, right: Expression, statement: number): ItemKind {
    const derivative = aliasOf(left);
    const letter = defined(right);
    if (derivative === undefined || letter === undefined) return 'claim';
    const use = this.#use(letter);
    const isKnown = this.#aliases.some(({ key }) => key === use.key) || this.#isDefined(use.key);
    if (isKnown || this.#isDefinedLater(use.key)) return 'claim';
    const isLink = /^(?:delta|e|epsilon|varepsilon|g|Delta|s|beta)$/.test(letter.name);
    // In f(x) = beta x, df/dx = beta says what the derivative is, and not what beta is.
    const isUsed = [...this.#definitions, ...this.#functions].some(({ body }) => this.#uses(body, use.key));
    if (!isLink || isUsed) return 'claim';
    this.#aliases.push({
      key: use.key,
      pattern: [...use.members, ...use.elements],
      of: derivative.of,
      by: derivative.by[0]!,
      statement,
    });
    return 'definition';
  }

  #uses(e: Expression, key: string): boolean {
    let found = false;
    eachLetter(e, (letter) => {
      found ||= this.#use(letter).key === key;
    });
    return found;
  }

  #isDefinedAnywhere(key: string): boolean {
    return this.#reading.statements.some(({ sides, relations }) => {
      const letter = sides.length > 1 && relations[0] !== 'in' ? defined(sides[0]!) : undefined;
      return letter !== undefined && this.#use(letter).key === key;
    });
  }

  #isDefinedLater(key: string): boolean {
    return this.#reading.statements.some(({ sides }) => {
      const letter = sides.length > 1 ? defined(sides[0]!) : undefined;
      return (
        letter !== undefined &&
        this.#use(letter).key === key &&
        aliasOf(sides[1]!) === undefined &&
        letter.name !== 'delta'
      );
    });
  }

  /**
   * Returns whether an array whose elements are defined one by one is also defined as a whole, for the same members:
   * a^l = … in addition to a^l_j = ….
   */
  #isDefinedWhole({ key, members }: Use): boolean {
    return this.#reading.statements.some(({ sides, relations }) => {
      const letter = sides.length > 1 && relations[0] !== 'in' ? defined(sides[0]!) : undefined;
      if (letter === undefined || aliasOf(sides[1]!) !== undefined) return false;
      const own = this.#use(letter);
      return own.key === key && own.elements.length === 0 && samePattern(own.members, members);
    });
  }

  /** Recognizes an update, W <- W - a g: the letter occurs on the right side too. */
  #isUpdate(letter: LetterNode, right: Expression): boolean {
    let found = false;
    eachLetter(right, (other) => {
      found ||=
        keyOf(other) === keyOf(letter) && sameIndices([...other.sub, ...other.sup], [...letter.sub, ...letter.sup]);
    });
    return found && !differentiatedOnly(right, letter);
  }

  /** Whether an expression is the value of an unknown function, as in z = f(x, y) before z = x y. */
  #isAbstract(e: Expression): boolean {
    const inside = bare(e);
    if (inside.kind !== 'call' || inside.fn.alphabet === 'upright' || inside.fn.primes > 0) return false;
    return this.#use(inside.fn).members.length === 0 && !this.#isFunction(this.#use(inside.fn).key);
  }

  #isFunction(key: string): boolean {
    return this.#reading.statements.some(({ sides }) => {
      const left = sides.length > 1 ? bare(sides[0]!) : undefined;
      return left?.kind === 'call' && this.#use(left.fn).key === key;
    });
  }

  #headingBetween(first: number, second: number): boolean {
    const { page, statements } = this.#reading;
    return headingBetween(page.masked, statements[first]!.span.end, statements[second]!.span.start);
  }
}

/** Determines the role of each statement of a page. Statements in `redefined` give a letter a new value. */
export const outlineOf = (reading: Reading, redefined: ReadonlySet<Statement> = new Set()): Outline =>
  new Classifier(reading, redefined).outline();
