/** Puzzles: the given definitions, the left side to complete, and answers that don't count. */

export interface Puzzle {
  readonly title: string;
  /** The given definitions, in Markdown. */
  readonly given: string;
  /** The left side, in LaTeX. */
  readonly left: string;
  readonly hint: string;
  /** A correct answer. */
  readonly answer: string;
  /**
   * Whether an answer may contain slopes such as s'(A). Derivatives written with \partial, \nabla or d/d are never
   * allowed.
   */
  readonly slopes?: boolean;
}

const raw = String.raw;

const layers = raw`$A_l = Z_{l-1} W_l$, $Z_l = s_l(A_l)$, $Z_0 = X$, and $\delta_l = \frac{\partial L}{\partial A_l}$`;

export const puzzles: readonly Puzzle[] = [
  {
    title: 'The derivative of the sigmoid',
    given: raw`$\sigma(z) = \frac{1}{1 + e^{-z}}$`,
    left: raw`\frac{d}{dz} \sigma(z)`,
    hint: 'The answer can be written with the sigmoid itself.',
    answer: raw`\sigma(z) (1 - \sigma(z))`,
  },
  {
    title: 'The derivative of tanh',
    given: 'Find a form without logarithms or exponentials.',
    left: raw`\frac{d}{dx} \tanh(x)`,
    hint: 'It is 1 at 0, and vanishes where tanh is 1 or -1.',
    answer: raw`1 - \tanh^2(x)`,
  },
  {
    title: 'A quadratic form',
    given: raw`$A$ is a square matrix, which need not be symmetric.`,
    left: raw`\frac{\partial x^\top A x}{\partial x}`,
    hint: 'x occurs twice: each occurrence gives a term.',
    answer: raw`(A + A^\top) x`,
  },
  {
    title: 'Least squares',
    given: raw`$X$ is a matrix, $w$ and $y$ are vectors.`,
    left: raw`\nabla_w \|X w - y\|^2`,
    hint: 'The residual goes back through the transpose of X.',
    answer: raw`2 X^\top (X w - y)`,
  },
  {
    title: 'A trace',
    given: raw`$A$ and $X$ are matrices.`,
    left: raw`\frac{\partial}{\partial X} \operatorname{tr}(A X)`,
    hint: 'Write the trace as a sum over elements. Which element of A does an element of X meet?',
    answer: raw`A^\top`,
  },
  {
    title: 'A bilinear form',
    given: raw`$a$ and $b$ are vectors, $X$ is a matrix.`,
    left: raw`\frac{\partial}{\partial X} a^\top X b`,
    hint: 'It has the shape of X.',
    answer: raw`a b^\top`,
  },
  {
    title: 'Logistic regression',
    given: raw`$\hat{y} = \sigma(w^\top x + b)$, $\sigma(z) = \frac{1}{1 + e^{-z}}$, $\ell = -y \log \hat{y} - (1 - y) \log(1 - \hat{y})$`,
    left: raw`\frac{\partial \ell}{\partial w}`,
    hint: 'Almost everything cancels: what remains is an error times the input.',
    answer: raw`(\hat{y} - y) x`,
  },
  {
    title: 'The softmax, element by element',
    given: raw`$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$; $\delta_{ij}$ is 1 where $i = j$, else 0.`,
    left: raw`\frac{\partial p_i}{\partial z_j}`,
    hint: 'Differentiate the quotient; the two cases i = j and i ≠ j differ by a delta.',
    answer: raw`p_i (\delta_{ij} - p_j)`,
  },
  {
    title: 'Softmax and cross-entropy',
    given: raw`$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$, $L = -\sum_k y_k \log p_k$, $\sum_k y_k = 1$`,
    left: raw`\frac{\partial L}{\partial z_i}`,
    hint: 'Use the fact that the y_k sum to 1.',
    answer: 'p_i - y_i',
  },
  {
    title: 'The weights of a layer',
    given: layers,
    left: raw`\frac{\partial L}{\partial W_l}`,
    hint: 'Combine the input of the layer and its link. The shapes allow only one way.',
    answer: raw`Z_{l-1}^\top \delta_l`,
  },
  {
    title: 'From link to link',
    given: raw`${layers}; each $s_l$ is elementwise.`,
    left: raw`\delta_l`,
    hint: 'Back through the next weights, then through the transition of this layer.',
    answer: raw`(\delta_{l+1} W_{l+1}^\top) \odot s_l'(A_l)`,
    slopes: true,
  },
  {
    title: 'Attention',
    given: raw`$S = \frac{Q K^\top}{\sqrt{d}}$, $P = \operatorname{softmax}(S)$, $O = P V$. The softmax acts on each row; $dX$ is the derivative of the loss with respect to $X$.`,
    left: 'dS',
    hint: 'Each row of P has a Jacobian diag(p) - p pᵀ. The answer may use dP and rowsum.',
    answer: raw`P \odot (dP - \operatorname{rowsum}(P \odot dP))`,
  },
];

/** Returns the page to judge: the given definitions, then the left side with the answer. */
export function pageOf({ given, left }: Puzzle, answer: string): string {
  return `${given}\n\n$$${left} = ${answer}$$\n`;
}

/** Returns the reason why an answer doesn't count even if it is correct, for example because it repeats the question. */
export function evasion({ left, slopes = false }: Puzzle, answer: string): string | undefined {
  if (answer.trim() === '') return 'Type an answer in LaTeX.';
  if (/\\partial|\\nabla|\\d?frac\s*\{\s*d\b/.test(answer)) return 'The answer must not contain a derivative.';
  if (!slopes && /'|\\prime/.test(answer)) return 'The answer must not contain a prime: write the derivative out.';
  const plain = (text: string): string => text.replace(/[\s{}()]/g, '');
  if (plain(answer) === plain(left)) return 'That only repeats the left side.';
  return undefined;
}
