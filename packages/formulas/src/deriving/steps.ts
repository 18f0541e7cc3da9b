/** Builds the steps of a derivation: definitions of letters, and derivatives with respect to parameters. */

import type { Tensor } from '@tapegrad/core';
import type { Slice } from '@tapegrad/kernels';
import { ancestorsOf, type Node } from '../running/graph.ts';
import { gradients } from '../running/sweep.ts';
import { type Expression, type LetterNode, number as numberNode } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import { worthLetters } from './naming/lettering.ts';
import { isMask, type Naming, sumsToOneAlong } from './naming/naming.ts';
import { isDiagonal, isSplitView, isTurnedDiagonal, mergesLast, shown, splits, tilesOf } from './naming/views.ts';
import {
  compositeOf,
  compositeRule,
  customNameOf,
  deviationNode,
  oneHotNode,
  oneHotOf,
  softmaxNode,
} from './recording/composites.ts';
import { isOfMatrix } from './recording/linear-algebra.ts';
import type { RecordedProgram } from './recording/record.ts';
import { derivativeBy, letterFrom, type Quantity, withLayer } from './terms/quantities.ts';
import { Untranslatable } from './terms/subscripts.ts';
import { nodesIn, type Subscript, type Term, zero } from './terms/terms.ts';
import { Translator } from './terms/translate.ts';
import { functionOfMatrix } from './writing/build.ts';

export type StepKind = 'definition' | 'link' | 'gradient';

/** One formula: a quantity and its value. */
export interface DerivationStep {
  readonly kind: StepKind;
  readonly quantity: Quantity;
  /** The element at the subscripts `at`; undefined if it can't be expressed by indices. */
  readonly term: Term | undefined;
  readonly at: readonly Subscript[];
  /** The quantities that this one is computed from, if its elements can't be expressed by indices. */
  readonly operands: readonly Quantity[];
  /** The tensor with respect to which a gradient is taken; undefined for other kinds of steps. */
  readonly by: Tensor | undefined;
}

const letters: Readonly<Record<string, string>> = {
  ...{ softmax: 'P', logSoftmax: 'Q', logSumExp: 'lambda', normalize: 'hat X', deviation: 'sigma' },
};

export class StepBuilder {
  readonly #program: RecordedProgram;
  readonly #naming: Naming;
  readonly #loss: LetterNode;
  readonly #quantities = new Map<Node, Quantity>();
  readonly #translator: Translator;
  readonly #built = new Map<Node, DerivationStep>();
  /** Maps each node that computes a derivative dL/dx to the quantity x. */
  #derivatives: ReadonlyMap<Node, Quantity> = new Map();
  /** The one-hot rows that represent labels. */
  readonly #oneHots = new Set<Node>();
  /** Maps each node that computes dL/dx to the quantity x, if dL/dx has a letter or is itself used as a name. */
  readonly #cotangents = new Map<Node, Quantity>();

  constructor(program: RecordedProgram, naming: Naming, loss: LetterNode) {
    this.#program = program;
    this.#naming = naming;
    this.#loss = loss;
    const { graph } = program;
    this.#translator = new Translator(
      {
        quantityOf: (node) => this.#quantities.get(node),
        demand: (node) => this.#demand(node),
        isConstant: program.isConstant,
        oneHot: (labels, logits) => {
          const own = oneHotNode(graph, labels, logits);
          this.#linkOneHot(own, logits);
          return this.#noted(own);
        },
        softmax: (logits) => this.#noted(softmaxNode(graph, logits)),
        deviation: (normalized) => this.#noted(deviationNode(graph, normalized)),
      },
      program.axes,
    );
  }

  #linkOneHot(own: Node, logits: Node): void {
    for (const axis of [0, 1]) this.#program.axes.join([own, axis], [logits, axis]);
  }

  #noted(node: Node): Node {
    this.#program.axes.link(node);
    this.#demand(node);
    return node;
  }

  /** Returns all steps, ordered so that each uses only letters defined before it. */
  build(by: readonly Tensor[]): DerivationStep[] {
    const { graph, loss, axes } = this.#program;
    this.#nameGiven();
    const varying = ancestorsOf([loss]).filter((node) => !this.#program.isConstant(node));
    const one = graph.kernels.full({ shape: loss.shape, value: 1, dtype: 'float64' });
    const found = gradients(graph, loss, one, varying, compositeRule(graph));
    const cotangentOf = new Map<Node, Node>();
    varying.forEach((node, i) => {
      const g = found[i];
      if (g !== undefined) cotangentOf.set(node, g);
    });
    const targets = by.map((tensor) => ({ tensor, node: this.#program.nodeOf(tensor) }));
    const roots = targets.flatMap(({ node }) => cotangentOf.get(node!) ?? []);
    for (const node of ancestorsOf(roots)) axes.link(node);
    this.#nameResults([loss, ...roots]);
    this.#nameCotangents(cotangentOf, roots);
    this.#nameLabels([loss, ...roots]);

    const steps: DerivationStep[] = [];
    this.#collect(loss, steps);
    const ordered = targets
      .map((target) => ({ ...target, g: target.node && cotangentOf.get(target.node) }))
      .sort((a, b) => (a.g?.id ?? -1) - (b.g?.id ?? -1));
    for (const { tensor, node, g } of ordered) {
      const quantity = node && this.#quantities.get(node);
      if (quantity === undefined) continue;
      const face = derivativeBy(this.#loss, quantity.face);
      if (g === undefined) {
        const own: Quantity = { node: node!, face, layer: quantity.layer, sumsToOne: undefined, kind: 'cotangent' };
        const at = this.#translator.indicesFor(node!);
        steps.push({ kind: 'gradient', quantity: own, term: zero, at, operands: [], by: tensor });
        continue;
      }
      this.#collectGradient(quantity, face, tensor, g, steps);
    }
    return steps;
  }

  #collectGradient(of: Quantity, face: Expression, tensor: Tensor, g: Node, steps: DerivationStep[]): void {
    const known = this.#quantities.get(g);
    if (known !== undefined && textOf(known.face) === textOf(face)) {
      this.#collect(g, steps, { kind: 'gradient', by: tensor });
      return;
    }
    const own: Quantity = { node: g, face, layer: of.layer, sumsToOne: undefined, kind: 'cotangent' };
    this.#collect(g, steps, { kind: 'gradient', by: tensor, quantity: own });
  }

  /** Adds the step of a node, after the steps of the quantities that it uses. */
  #collect(node: Node, steps: DerivationStep[], as?: { kind: StepKind; by: Tensor; quantity?: Quantity }): void {
    const known = this.#built.get(node);
    if (known !== undefined && as?.quantity === undefined) {
      if (as !== undefined) {
        const at = steps.indexOf(known);
        if (at !== -1) steps[at] = { ...known, kind: as.kind, by: as.by };
      }
      return;
    }
    const quantity = as?.quantity ?? this.#quantities.get(node) ?? this.#lossQuantity(node);
    if ((node.op === 'leaf' || this.#oneHots.has(node)) && as?.quantity === undefined) return;
    if (isOfMatrix(node) && as?.quantity === undefined && node !== this.#program.loss) {
      // A^-1 needs no definition other than that of A.
      this.#collect(shown(node.inputs[0]!), steps);
      return;
    }
    const kind = as?.kind ?? (quantity.kind === 'cotangent' ? 'link' : 'definition');
    const step = this.#step(node, quantity, kind, as?.by);
    if (as?.quantity === undefined) this.#built.set(node, step);
    const needed = step.term === undefined ? step.operands.map((operand) => operand.node) : nodesIn(step.term);
    for (const other of needed) if (other !== node || as?.quantity !== undefined) this.#collect(other, steps);
    steps.push(step);
  }

  #lossQuantity(node: Node): Quantity {
    return { node, face: this.#loss, layer: undefined, sumsToOne: undefined, kind: 'result' };
  }

  #step(node: Node, quantity: Quantity, kind: StepKind, by: Tensor | undefined): DerivationStep {
    const at = this.#translator.indicesFor(node);
    const parts = tilesOf(node);
    if (parts !== undefined) {
      const operands = parts.map((part) => this.#demand(part));
      return { kind, quantity, term: undefined, at, operands, by };
    }
    const isOther = this.#quantities.get(node) !== quantity && this.#quantities.has(node);
    for (;;) {
      try {
        const term = isOther ? this.#translator.at(node, at) : this.#translator.definition(node, at);
        return { kind, quantity, term, at, operands: [], by };
      } catch (error) {
        if (!(error instanceof Untranslatable)) throw error;
        if (error.node === node) {
          const operands = node.inputs.map((input) => this.#demand(shown(input)));
          return { kind, quantity, term: undefined, at, operands, by };
        }
        this.#demand(error.node);
      }
    }
  }

  #give(node: Node, face: LetterNode, more: Partial<Quantity> = {}): Quantity {
    const quantity: Quantity = { node, face, layer: undefined, sumsToOne: undefined, kind: 'result', ...more };
    this.#quantities.set(node, quantity);
    return quantity;
  }

  #demand(node: Node): Quantity {
    const known = this.#quantities.get(node);
    if (known !== undefined) return known;
    const of = this.#derivatives.get(node);
    return of === undefined ? this.#nameResult(node) : this.#nameDerivative(node, of);
  }

  #nameResult(node: Node): Quantity {
    if (isOfMatrix(node)) {
      const quantity: Quantity = {
        node,
        face: functionOfMatrix(node.op, this.#demand(shown(node.inputs[0]!)).face),
        layer: undefined,
        sumsToOne: undefined,
        kind: 'result',
      };
      this.#quantities.set(node, quantity);
      return quantity;
    }
    const composite = compositeOf(node);
    if (composite !== undefined) {
      const { name, axes } = composite;
      const letter = name === 'normalize' && composite.centered !== true ? 'hat X' : letters[name]!;
      const sumsToOne = name === 'softmax' && axes.length === 1 ? axes[0] : undefined;
      return this.#give(node, this.#naming.fresh(letterFrom(letter)), { sumsToOne });
    }
    if (oneHotOf(node) !== undefined) {
      return this.#give(node, this.#naming.fresh(letterFrom('Y')), { sumsToOne: 1 });
    }
    const initial = this.#initialOf(node);
    if (initial !== undefined) return this.#give(node, this.#naming.fresh(letterFrom(initial)));
    const part = this.#partOf(node);
    if (part !== undefined) return this.#give(node, this.#naming.fresh(part));
    const rank = node.shape.filter((length) => length !== 1).length;
    const isBackward = this.#isBackward(node);
    const letter = isBackward ? (rank > 1 ? 'G' : rank === 1 ? 'g' : 'gamma') : rank > 1 ? 'H' : rank === 1 ? 'h' : 'c';
    return this.#give(node, this.#naming.fresh(letterFrom(letter)), { kind: isBackward ? 'cotangent' : 'result' });
  }

  /** Returns the letter for a view of a layer's output: Q for a layer called `query`, as for attention heads. */
  #initialOf(node: Node): string | undefined {
    let at = node;
    while (at.op === 'permute' || at.op === 'reshape') at = at.inputs[0]!;
    const layer = this.#program.layers.find(({ preActivation }) => this.#program.nodeOf(preActivation) === at);
    const [, word] = /(?:^|\.)([a-z])[a-z]+$/i.exec(layer?.path ?? '') ?? [];
    return at === node ? undefined : word?.toUpperCase();
  }

  /** Returns the letter for some columns of a lettered matrix: A_2^(1). */
  #partOf(node: Node): LetterNode | undefined {
    const [x] = node.inputs as [Node | undefined];
    if (node.op !== 'slice' || x?.shape.length !== 2 || x.shape[0] !== node.shape[0]) return undefined;
    const face = this.#quantities.get(x)?.face;
    const { starts, sizes, steps } = node.attributes as Slice;
    const part = starts[1]! / sizes[1]! + 1;
    if (face?.kind !== 'letter' || face.sup.length > 0 || steps[1] !== 1 || !Number.isInteger(part)) return undefined;
    return { ...face, sup: [numberNode(part)], brackets: '(' };
  }

  #isBackward(node: Node): boolean {
    return node.id > this.#program.loss.id && customNameOf(node) === undefined;
  }

  /** Gives letters to data, parameters, layers, and results that the user named. */
  #nameGiven(): void {
    const { leaves, layers, nodeOf } = this.#program;
    const groups = [...new Set(layers.map(({ preActivation }) => preActivation))];
    const numberOf = (x: Tensor): number | undefined => (groups.length > 1 ? groups.indexOf(x) + 1 : undefined);
    const uses = (tensor: Tensor): number =>
      new Set(layers.filter(({ weight, bias }) => weight === tensor || bias === tensor).map((l) => l.preActivation))
        .size;
    for (const layer of layers) {
      const own = numberOf(layer.preActivation);
      const parts = [
        [layer.weight, 'W'],
        [layer.bias, 'b'],
      ] as const;
      for (const [tensor, name] of parts) {
        const node = tensor && nodeOf(tensor);
        if (node === undefined || node.op !== 'leaf' || this.#quantities.has(node)) continue;
        const given = this.#naming.given(tensor!);
        const number = uses(tensor!) === 1 ? own : undefined;
        const face =
          given ??
          (uses(tensor!) === 1 && this.#isAlone(layer) ? this.#naming.layer(name, own) : this.#naming.leaf(tensor!));
        this.#give(node, face, { kind: 'parameter', layer: number });
      }
    }
    for (const [node, tensor] of leaves) {
      if (this.#quantities.has(node)) continue;
      const kind = tensor.requiresGrad ? 'parameter' : 'given';
      this.#give(node, this.#naming.leaf(tensor), { kind, isMask: isMask(tensor), sumsToOne: sumsToOneAlong(tensor) });
    }
    for (const layer of layers) {
      const number = numberOf(layer.preActivation);
      const [a, z] = [nodeOf(layer.preActivation), layer.output && nodeOf(layer.output)];
      if (a !== undefined && !this.#quantities.has(a) && a.op !== 'leaf' && a.constant === undefined) {
        const given = this.#naming.given(layer.preActivation);
        this.#give(a, given ?? this.#naming.layer('A', number), { layer: number });
      }
      if (
        z === undefined ||
        z.constant !== undefined ||
        this.#quantities.has(z) ||
        z === a ||
        compositeOf(z) !== undefined
      )
        continue;
      const given = this.#naming.given(layer.output!);
      this.#give(z, given ?? this.#naming.layer('Z', number), { layer: number });
    }
  }

  /** Whether no other layer has the same pre-activation. */
  #isAlone({ preActivation }: RecordedProgram['layers'][number]): boolean {
    return this.#program.layers.filter((layer) => layer.preActivation === preActivation).length === 1;
  }

  #nameResults(roots: readonly Node[]): void {
    const { nodeOf } = this.#program;
    for (const tensor of this.#naming.tensors()) {
      const node = nodeOf(tensor);
      if (node !== undefined && !this.#quantities.has(node)) this.#give(node, this.#naming.given(tensor)!);
    }
    const isSplit = (node: Node): boolean =>
      (isSplitView(node) && !(splits(node) && turned.has(node))) || mergesLast(node);
    const order = ancestorsOf(roots);
    const flattened = new Set(order.filter(isDiagonal).map(({ inputs }) => inputs[0]!));
    const turned = new Set(order.filter(({ op }) => op === 'permute').map(({ inputs }) => inputs[0]!));
    // The tensors whose axes are merged, such as attention heads that are concatenated.
    const merged = new Set(
      order.filter(mergesLast).map(({ inputs: [x] }) => (x!.op === 'permute' ? x!.inputs[0]! : x!)),
    );
    const needsLetter = (node: Node): boolean =>
      (merged.has(node) && !this.#isBackward(node) && !this.#program.isConstant(node)) ||
      (isSplit(node) && !this.#isBackward(node) && !this.#program.isConstant(node)) ||
      compositeOf(node) !== undefined ||
      customNameOf(node) !== undefined ||
      isOfMatrix(node) ||
      (node.op === 'slice' && !isDiagonal(node) && !this.#program.isConstant(node)) ||
      node.op === 'concat';
    for (const node of order) {
      if (
        !flattened.has(node) &&
        !this.#quantities.has(node) &&
        node.constant === undefined &&
        node !== this.#program.loss &&
        needsLetter(node)
      )
        this.#nameResult(node);
    }
    const isForward = (node: Node): boolean => !this.#isBackward(node);
    const worth = worthLetters(roots, (node) => this.#quantities.has(node));
    for (const node of worth) {
      if (isForward(node) && node.constant === undefined && node !== this.#program.loss && !this.#quantities.has(node))
        this.#nameResult(node);
    }
  }

  /** If the labels of a cross-entropy aren't used elsewhere, gives their letter to their one-hot rows instead. */
  #nameLabels(roots: readonly Node[]): void {
    const order = ancestorsOf(roots);
    for (const node of order.filter(({ op }) => op === 'crossEntropy' || op === 'crossEntropyGrad')) {
      const [labels, logits] = node.inputs.slice(-2).toReversed() as [Node, Node];
      const quantity = this.#quantities.get(labels);
      const own = oneHotNode(this.#program.graph, labels, logits);
      const isElsewhere = order.some((other) => other.inputs.includes(labels) && !other.op.startsWith('crossEntropy'));
      if (quantity === undefined || isElsewhere || this.#quantities.has(own)) continue;
      this.#linkOneHot(own, logits);
      const tensor = this.#program.leaves.get(labels);
      const given = tensor && this.#naming.given(tensor);
      this.#quantities.set(own, {
        ...quantity,
        node: own,
        face: given ?? this.#naming.fresh(letterFrom('Y')),
        sumsToOne: 1,
      });
      this.#oneHots.add(own);
    }
  }

  /** Gives letters to links, and to derivatives that are used several times. */
  #nameCotangents(cotangentOf: ReadonlyMap<Node, Node>, roots: readonly Node[]): void {
    const used = new Set(ancestorsOf(roots));
    const { layers, nodeOf, loss } = this.#program;
    const preActivations = new Set(layers.map(({ preActivation }) => nodeOf(preActivation)));
    const isNew = (g: Node | undefined): g is Node =>
      g !== undefined &&
      used.has(g) &&
      !this.#quantities.has(g) &&
      g.constant === undefined &&
      this.#isBackward(g) &&
      !isTurnedDiagonal(g);
    for (const [node, g] of cotangentOf) {
      const quantity = this.#quantities.get(node);
      if (!preActivations.has(node) || quantity === undefined || !isNew(g)) continue;
      const letter = withLayer(letterFrom('delta'), quantity.layer);
      this.#give(g, this.#naming.fresh(letter), { kind: 'cotangent', layer: quantity.layer });
      this.#cotangents.set(g, quantity);
    }
    const worth = worthLetters(roots, (node) => this.#quantities.has(node));
    const named = new Map<Node, Quantity>();
    for (const [node, g] of cotangentOf) {
      const quantity = this.#quantities.get(node);
      if (quantity !== undefined && node !== loss && !named.has(g)) named.set(g, quantity);
    }
    this.#derivatives = named;
    const forced = [...named]
      .filter(([g, { node }]) => isNew(g) && (this.#isLandmark(node) || isSplitView(g)))
      .map(([g]) => g);
    for (const g of [...forced, ...worth]) {
      if (!isNew(g)) continue;
      const of = named.get(g);
      if (of === undefined) this.#nameResult(g);
      else this.#nameDerivative(g, of);
    }
  }

  #nameDerivative(g: Node, of: Quantity): Quantity {
    const face = derivativeBy(this.#loss, of.face);
    const quantity: Quantity = { node: g, face, layer: of.layer, sumsToOne: undefined, kind: 'cotangent' };
    this.#quantities.set(g, quantity);
    this.#cotangents.set(g, of);
    return quantity;
  }

  /** Whether the derivative with respect to a result deserves a step of its own. */
  #isLandmark(node: Node): boolean {
    const name = compositeOf(node)?.name;
    const isView = node.op === 'permute' || node.op === 'reshape' || node.op === 'slice';
    return name === 'softmax' || name === 'normalize' || isView;
  }

  quantityOf(node: Node): Quantity | undefined {
    return this.#quantities.get(node);
  }

  /** Returns the quantity that a link or a named derivative is taken with respect to. */
  derivedBy(node: Node): Quantity | undefined {
    return this.#cotangents.get(node);
  }

  get loss(): LetterNode {
    return this.#loss;
  }
}
