/**
 * Notations from lecture notes on the web, in which definitions are near a formula, or left to the reader. Each has
 * mistakes.
 */

import { type Cases, testCases } from './cases.ts';

const cases: Readonly<Record<string, Cases>> = {
  'a bias that is declared as a vector, and added to each row': {
    before: String.raw`$Y = XW + b$, $X \in \mathbb{R}^{B \times D_{\text{in}}}$, $W \in \mathbb{R}^{D_{\text{in}} \times D_{\text{out}}}$,
      $b \in \mathbb{R}^{D_{\text{out}}}$, $Y \in \mathbb{R}^{B \times D_{\text{out}}}$, $G = \frac{\partial L}{\partial Y}$.`,
    right: [
      String.raw`\frac{\partial L}{\partial X} = G W^\top`,
      String.raw`\frac{\partial L}{\partial W} = X^\top G`,
      String.raw`\frac{\partial L}{\partial b} = \sum_{i=1}^{B} G_i`,
      String.raw`\frac{\partial L}{\partial W_{k,j}} = \sum_{i=1}^{B} X_{i,k} G_{i,j}`,
    ],
    wrong: [
      String.raw`\frac{\partial L}{\partial X} = G W`,
      String.raw`\frac{\partial L}{\partial X} = W^\top G`,
      String.raw`\frac{\partial L}{\partial W} = G^\top X`,
      String.raw`\frac{\partial L}{\partial b} = \sum_{i=1}^{B} 2 G_i`,
      String.raw`\frac{\partial L}{\partial W_{k,j}} = \sum_{i=1}^{B} X_{k,i} G_{i,j}`,
      String.raw`\frac{\partial L}{\partial W_{k,j}} = \sum_{i=1}^{B} X_{i,j} G_{i,k}`,
    ],
  },
  'outputs that are defined by their elements, and shown in part': {
    before: String.raw`The outputs are $Y_{i,j} = \sum_{k=1}^{D} X_{i,k} W_{k,j} + b_j$. One input is in each of
      $Y_{i,1} = \cdots + X_{i,k} W_{k,1} + \cdots$. Let $G = \frac{\partial L}{\partial Y}$.`,
    right: [
      String.raw`\frac{\partial Y_{i,j}}{\partial X_{i,k}} = W_{k,j}`,
      String.raw`\frac{\partial L}{\partial X_{i,k}} = \sum_j G_{i,j} W_{k,j}`,
      String.raw`\frac{\partial L}{\partial X} = G W^\top`,
    ],
    wrong: [
      String.raw`\frac{\partial Y_{i,j}}{\partial X_{i,k}} = W_{j,k}`,
      String.raw`\frac{\partial L}{\partial X_{i,k}} = \sum_j G_{i,j} W_{j,k}`,
      String.raw`\frac{\partial L}{\partial X_{i,k}} = \sum_j G_{j,i} W_{k,j}`,
      String.raw`\frac{\partial L}{\partial X} = W G^\top`,
    ],
  },
  'a chain of which only derivatives are given': {
    before: 'By the chain rule,',
    right: [
      String.raw`\frac{\partial l}{\partial w} = \frac{\partial z}{\partial w} \frac{\partial l}{\partial z}`,
      String.raw`\frac{\partial L}{\partial x_{ij}} = \sum_p \sum_q \frac{\partial L}{\partial y_{pq}} \frac{\partial y_{pq}}{\partial x_{ij}}`,
      String.raw`\frac{\partial f}{\partial a} = \frac{\partial f}{\partial u} \frac{\partial u}{\partial a} + \frac{\partial f}{\partial v} \frac{\partial v}{\partial a}`,
    ],
    wrong: [
      String.raw`\frac{\partial l}{\partial w} = \frac{\partial l}{\partial z} \frac{\partial w}{\partial z}`,
      String.raw`\frac{\partial l}{\partial w} = 2 \frac{\partial z}{\partial w} \frac{\partial l}{\partial z}`,
      String.raw`\frac{\partial L}{\partial x_{ij}} = \sum_p \frac{\partial L}{\partial y_{pj}} \frac{\partial y_{pj}}{\partial x_{ij}}`,
      String.raw`\frac{\partial f}{\partial a} = \frac{\partial f}{\partial u} \frac{\partial u}{\partial a} - \frac{\partial f}{\partial v} \frac{\partial v}{\partial a}`,
      String.raw`\frac{\partial f}{\partial a} = \frac{\partial f}{\partial u} \frac{\partial v}{\partial a} + \frac{\partial f}{\partial v} \frac{\partial u}{\partial a}`,
    ],
  },
  'an accent over a letter with its index': {
    before: String.raw`$\hat{x_i} = x_i^2 + x_i$.`,
    right: [String.raw`\frac{\partial \hat{x_i}}{\partial x_i} = 2 x_i + 1`],
    wrong: [String.raw`\frac{\partial \hat{x_i}}{\partial x_i} = 2 x_i`],
  },
  'elements of layers whose arrays are bold': {
    before: String.raw`$\mathbf{z}^{\ell} = \mathbf{W}^{\ell}\mathbf{a}^{\ell-1} + \mathbf{b}^{\ell}$, $\mathbf{a}^{\ell} = \sigma(\mathbf{z}^{\ell})$.`,
    right: [
      String.raw`\frac{\partial z^{\ell}_i}{\partial a^{\ell-1}_j} = W^{\ell}_{ij}`,
      String.raw`\frac{\partial a^{\ell}_j}{\partial z^{\ell}_j} = \sigma'(z^{\ell}_j)`,
    ],
    wrong: [
      String.raw`\frac{\partial z^{\ell}_i}{\partial a^{\ell-1}_j} = W^{\ell}_{ji}`,
      String.raw`\frac{\partial z^{\ell}_i}{\partial a^{\ell-1}_j} = W^{\ell-1}_{ij}`,
      String.raw`\frac{\partial a^{\ell}_j}{\partial z^{\ell}_j} = \sigma(z^{\ell}_j)`,
    ],
  },
  'letters that have the same number': {
    before: '$x = 3$, $w = 3$, $L = w^2 + w x$.',
    right: [String.raw`\frac{\partial L}{\partial w} = 9`, String.raw`\frac{\partial L}{\partial x} = 3`],
    wrong: [String.raw`\frac{\partial L}{\partial w} = 12`, String.raw`\frac{\partial L}{\partial x} = 9`],
  },
  'conditions on indices': {
    before: String.raw`$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$. When $i \ne j$,`,
    right: [String.raw`\frac{\partial p_i}{\partial z_j} = -p_i p_j`],
    wrong: [
      String.raw`\frac{\partial p_i}{\partial z_j} = p_i p_j`,
      String.raw`\frac{\partial p_i}{\partial z_j} = -p_i`,
    ],
  },
  'other indices of the same letters': {
    before: String.raw`$A_{b,d} = \phi(H_{b,d})$.`,
    right: [String.raw`\frac{\partial A_{b,d}}{\partial H_{b',d'}} = 0, \quad (b,d) \ne (b',d')`],
    wrong: [String.raw`\frac{\partial A_{b,d}}{\partial H_{b',d'}} = 1, \quad (b,d) \ne (b',d')`],
  },
  'products that are put in order': {
    before: String.raw`$\mathbf{o} = \mathbf{W}_2 \mathbf{h}$, $\mathbf{h} = \phi(\mathbf{z})$, $J = \ell(\mathbf{o})$.`,
    right: [
      String.raw`\frac{\partial J}{\partial \mathbf{h}} = \textrm{prod}\left(\frac{\partial J}{\partial \mathbf{o}}, \frac{\partial \mathbf{o}}{\partial \mathbf{h}}\right) = \mathbf{W}_2^\top \frac{\partial J}{\partial \mathbf{o}}`,
    ],
    wrong: [
      String.raw`\frac{\partial J}{\partial \mathbf{h}} = \textrm{prod}\left(\frac{\partial J}{\partial \mathbf{o}}, \frac{\partial \mathbf{o}}{\partial \mathbf{h}}\right) = \mathbf{W}_2 \frac{\partial J}{\partial \mathbf{o}}`,
    ],
  },
  'the loss of each element, with an upright d': {
    before: String.raw`$y_{pq} = \sum_r x_{pr} w_{rq}$.`,
    right: [
      String.raw`\mathrm{d} x_{ij} = \frac{\partial L}{\partial x_{ij}} = \sum_p \sum_q \frac{\partial L}{\partial y_{pq}} \frac{\partial y_{pq}}{\partial x_{ij}}`,
    ],
    wrong: [
      String.raw`\mathrm{d} x_{ij} = \frac{\partial L}{\partial x_{ij}} = 2 \sum_p \sum_q \frac{\partial L}{\partial y_{pq}} \frac{\partial y_{pq}}{\partial x_{ij}}`,
    ],
  },
  'an extremum, which is a condition': {
    before: '$f = 3 x^2 - 4 x$.',
    right: [],
    wrong: [String.raw`\frac{df}{dx} = 0`],
  },
  'a letter that is given something else on the way back': {
    before: String.raw`$y = \log x$ and $L = y^2$. Solving for the input, $x = e^y$.`,
    right: [String.raw`\frac{\partial L}{\partial x} = \frac{2 y}{x}`],
    wrong: [String.raw`\frac{\partial L}{\partial x} = 2 y x`],
  },
};

testCases(cases);
