/** Example documents, each with a mistake or two. */

export interface Example {
  readonly title: string;
  readonly text: string;
}

const raw = String.raw;

export const examples: readonly Example[] = [
  {
    title: 'Backpropagation',
    text: raw`# Backpropagation

A layer is $A_l = Z_{l-1} W_l$, $Z_l = s_l(A_l)$, with $Z_0 = X$.

The link of a layer follows from that of the next:

$$\delta_l = \frac{\partial L}{\partial A_l} = (\delta_{l+1} W_l^\top) \odot s_l'(A_l)$$

It gives the gradient of the weights:

$$\frac{\partial L}{\partial W_l} = Z_{l-1}^\top \delta_l$$
`,
  },
  {
    title: 'Matrix derivatives',
    text: raw`# Matrix derivatives

1. $\frac{\partial}{\partial x} a^\top x = a$
2. $\frac{\partial}{\partial x} x^\top B x = 2 B x$
3. $\frac{\partial}{\partial X} \operatorname{tr}(X^2) = 2 X$
4. $\frac{\partial}{\partial X} a^\top X b = a b^\top$
5. $\nabla_w \|X w - y\|^2 = X^\top (X w - y)$
`,
  },
  {
    title: 'Softmax and cross-entropy',
    text: raw`# Softmax and cross-entropy

$$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}, \qquad L = -\sum_k y_k \log p_k, \qquad \sum_k y_k = 1$$

$$\frac{\partial p_i}{\partial z_j} = p_i (1 - p_j)$$

$$\frac{\partial L}{\partial p_k} = -\frac{y_k}{p_k}$$

$$\frac{\partial L}{\partial \mathbf{z}} = \mathbf{p} - \mathbf{y}$$
`,
  },
  {
    title: 'Logistic regression',
    text: raw`# Logistic regression

$$\hat{y} = \sigma(w^\top x + b), \quad \sigma(z) = \frac{1}{1 + e^{-z}}$$

$$\ell(\hat{y}, y) = -y \log \hat{y} - (1 - y) \log(1 - \hat{y})$$

$$\sigma'(z) = \sigma(z)(1 - \sigma(z))$$

$$\frac{\partial \ell}{\partial w} = (y - \hat{y}) x$$

$$\frac{\partial \ell}{\partial b} = \hat{y} - y$$
`,
  },
  {
    title: 'Attention',
    text: raw`# Attention, backwards

$$S = \frac{Q K^\top}{\sqrt{d}}, \qquad P = \operatorname{softmax}(S), \qquad O = P V$$

The softmax acts on each row. With $dX$ for the derivative of the loss:

$$dV = P^\top dO$$
$$dP = dO V^\top$$
$$dS = P \odot (dP - \operatorname{rowsum}(P \odot dP))$$
$$dK = \frac{1}{\sqrt{d}} dS Q$$
`,
  },
  {
    title: 'Plain text',
    text: `Z_0 = X
A_l = Z_(l-1) W_l
Z_l = s_l(A_l)
L = ||Z_3 - Y||^2 / n
delta_l = dL/dA_l
delta_l = (delta_(l+1) W_(l+1)^T) * s_l'(A_l)
dL/dW_l = delta_l^T Z_(l-1)
`,
  },
];
