/** The commands and names that formulas use. */

import type { Alphabet } from './ast.ts';

/** Commands without meaning: spacing, sizes, styles, equation numbers. */
export const silent: ReadonlySet<string> = new Set([
  ...[' ', ',', ';', ':', '!', '>', '~', '/', 'quad', 'qquad', 'thinspace', 'medspace', 'enspace', 'negthinspace'],
  ...[
    'displaystyle',
    'textstyle',
    'scriptstyle',
    'limits',
    'nolimits',
    'nonumber',
    'notag',
    'hfill',
    'relax',
    'noindent',
  ],
  ...['big', 'Big', 'bigg', 'Bigg', 'bigl', 'Bigl', 'biggl', 'Biggl', 'bigr', 'Bigr', 'biggr', 'Biggr', 'middle'],
  ...[
    'bigm',
    'Bigm',
    'small',
    'large',
    'Large',
    'normalsize',
    'footnotesize',
    'centering',
    'hline',
    'allowbreak',
    'strut',
  ],
  ...[
    'boxed',
    'ensuremath',
    'mathord',
    'mathbin',
    'mathop',
    'mathopen',
    'mathclose',
    'mathrel',
    'mathstrut',
    'mathit',
    'm@th',
  ],
]);

/** Commands that have no meaning, and whose argument has none either. */
export const silentWithArgument: ReadonlySet<string> = new Set([
  ...['tag', 'label', 'hspace', 'vspace', 'phantom', 'hphantom', 'vphantom', 'color', 'intertext', 'shortintertext'],
  ...['eqref', 'ref', 'cite', 'footnote', 'rule', 'kern', 'mspace'],
]);

/** Commands of which only the second argument is shown. */
export const shownSecond: ReadonlySet<string> = new Set(['textcolor', 'colorbox', 'overset', 'underset', 'stackrel']);

/** Commands that decorate their first argument. */
export const shownFirst: ReadonlySet<string> = new Set([
  'underbrace',
  'overbrace',
  'cancel',
  'bcancel',
  'boxed',
  'smash',
]);

/** Commands that set a letter in an alphabet. */
export const alphabets: Readonly<Record<string, Alphabet>> = {
  ...{
    mathbf: 'bold',
    boldsymbol: 'bold',
    bm: 'bold',
    pmb: 'bold',
    vb: 'bold',
    mathbfit: 'bold',
    symbf: 'bold',
    bf: 'bold',
  },
  ...{ vec: 'bold', vect: 'bold', textbf: 'bold' },
  ...{
    mathcal: 'calligraphic',
    mathscr: 'calligraphic',
    cal: 'calligraphic',
    mathbb: 'blackboard',
    mathds: 'blackboard',
  },
  ...{
    mathbbm: 'blackboard',
    mathfrak: 'fraktur',
    mathrm: 'upright',
    mathsf: 'upright',
    mathtt: 'upright',
    rm: 'upright',
  },
  ...{ operatorname: 'upright', 'operatorname*': 'upright', mathit: 'plain', mathnormal: 'plain' },
};

export const accents: Readonly<Record<string, string>> = {
  ...{ hat: 'hat', widehat: 'hat', bar: 'bar', overline: 'bar', tilde: 'tilde', widetilde: 'tilde' },
  ...{ dot: 'dot', ddot: 'ddot', check: 'check', breve: 'breve', underline: 'underline' },
};

/** Commands that denote letters. */
export const letterCommands: ReadonlySet<string> = new Set([
  ...['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'varepsilon', 'zeta', 'eta', 'theta', 'vartheta', 'iota', 'kappa'],
  ...[
    'lambda',
    'mu',
    'nu',
    'xi',
    'pi',
    'varpi',
    'rho',
    'varrho',
    'sigma',
    'varsigma',
    'tau',
    'upsilon',
    'phi',
    'varphi',
  ],
  ...[
    'chi',
    'psi',
    'omega',
    'Gamma',
    'Delta',
    'Theta',
    'Lambda',
    'Xi',
    'Pi',
    'Sigma',
    'Upsilon',
    'Phi',
    'Psi',
    'Omega',
  ],
  ...['ell', 'hbar', 'imath', 'jmath', 'infty', 'digamma', 'varkappa'],
]);

/** The standard names of functions. */
export const knownFunctions: Readonly<Record<string, string>> = {
  ...{
    exp: 'exp',
    log: 'log',
    ln: 'log',
    sin: 'sin',
    cos: 'cos',
    tan: 'tan',
    sinh: 'sinh',
    cosh: 'cosh',
    tanh: 'tanh',
  },
  ...{
    sqrt: 'sqrt',
    arctan: 'atan',
    atan: 'atan',
    arcsin: 'asin',
    arccos: 'acos',
    erf: 'erf',
    sign: 'sign',
    sgn: 'sign',
  },
  ...{
    sigmoid: 'sigmoid',
    logistic: 'sigmoid',
    sigm: 'sigmoid',
    expit: 'sigmoid',
    relu: 'relu',
    ReLU: 'relu',
    Relu: 'relu',
  },
  ...{
    RELU: 'relu',
    softplus: 'softplus',
    softmax: 'softmax',
    Softmax: 'softmax',
    SoftMax: 'softmax',
    smax: 'softmax',
  },
  ...{ logsoftmax: 'logsoftmax', logsumexp: 'logsumexp', LSE: 'logsumexp', lse: 'logsumexp' },
  ...{ tr: 'trace', Tr: 'trace', trace: 'trace', Trace: 'trace', det: 'det', diag: 'diag', Diag: 'diag', vec: 'vec' },
  ...{ max: 'max', min: 'min', abs: 'abs', Softplus: 'softplus', Sigmoid: 'sigmoid', Tanh: 'tanh', sum: 'total' },
  ...{
    mean: 'average',
    Var: 'variance',
    var: 'variance',
    rowsum: 'rowsum',
    colsum: 'colsum',
    TR: 'trace',
    norm: 'norm',
  },
  // A product whose factors are arranged so that their shapes match.
  ...{ prod: 'chain' },
  ...{ logdet: 'logdet', inv: 'inverse', transpose: 'transpose' },
};

/** Commands that denote functions. */
export const functionCommands: ReadonlySet<string> = new Set([
  ...[
    'exp',
    'log',
    'ln',
    'sin',
    'cos',
    'tan',
    'sinh',
    'cosh',
    'tanh',
    'arctan',
    'arcsin',
    'arccos',
    'det',
    'tr',
    'Tr',
    'trace',
  ],
  ...['sgn', 'sign', 'diag', 'Diag', 'softmax', 'sigmoid', 'relu', 'ReLU', 'erf', 'vec'],
]);

/** The relations between the sides of a statement. */
export const relations: Readonly<Record<string, string>> = {
  ...{
    '=': '=',
    leftarrow: 'leftarrow',
    gets: 'leftarrow',
    coloneqq: 'define',
    coloneq: 'define',
    triangleq: 'define',
  },
  ...{ doteq: 'define', equiv: '=', propto: 'propto', approx: 'approx', simeq: 'approx', cong: 'approx', in: 'in' },
  ...{
    sim: 'sim',
    le: 'le',
    leq: 'le',
    leqslant: 'le',
    ge: 'ge',
    geq: 'ge',
    geqslant: 'ge',
    '<': '<',
    '>': '>',
    lt: '<',
  },
  ...{ gt: '>', ne: 'ne', neq: 'ne', to: 'to', rightarrow: 'to', mapsto: 'to', longrightarrow: 'to', eqdef: 'define' },
  ...{ Rightarrow: 'implies', implies: 'implies', Longrightarrow: 'implies', iff: 'iff', Leftrightarrow: 'iff' },
  ...{
    ll: '<',
    gg: '>',
    subset: 'in',
    subseteq: 'in',
    leadsto: 'implies',
    Leftarrow: 'leftarrow',
    longleftarrow: 'leftarrow',
  },
};

/** Operators that bind less tightly than a product. */
export const looseMarks: Readonly<Record<string, 'odot' | 'circ' | 'ast' | 'otimes' | 'oslash'>> = {
  ...{
    odot: 'odot',
    bigodot: 'odot',
    circ: 'circ',
    bullet: 'odot',
    ast: 'ast',
    '*': 'ast',
    star: 'ast',
    otimes: 'otimes',
  },
  ...{ oslash: 'oslash', bigotimes: 'otimes', hadamard: 'odot' },
};

export const tightMarks: Readonly<Record<string, 'cdot' | 'times'>> = {
  cdot: 'cdot',
  times: 'times',
  centerdot: 'cdot',
};

export const dotCommands: ReadonlySet<string> = new Set([
  'dots',
  'ldots',
  'cdots',
  'vdots',
  'ddots',
  'dotsc',
  'dotsb',
  'dotsm',
  'hdots',
]);

/** Environments whose rows are statements. */
export const rowEnvironments: ReadonlySet<string> = new Set([
  ...[
    'aligned',
    'align',
    'align*',
    'alignedat',
    'alignat',
    'alignat*',
    'split',
    'gathered',
    'gather',
    'gather*',
    'eqnarray',
  ],
  ...[
    'eqnarray*',
    'multline',
    'multline*',
    'multlined',
    'flalign',
    'flalign*',
    'equation',
    'equation*',
    'dcases',
    'rcases',
  ],
  ...['IEEEeqnarray', 'IEEEeqnarray*', 'subequations', 'displaymath', 'math', 'dgroup', 'dgroup*', 'dmath', 'dmath*'],
  ...['empheq', 'algorithmic', 'algorithm', 'algorithm2e', 'subarray', 'substack'],
]);

export const matrixEnvironments: ReadonlySet<string> = new Set([
  ...[
    'matrix',
    'pmatrix',
    'bmatrix',
    'Bmatrix',
    'vmatrix',
    'Vmatrix',
    'smallmatrix',
    'array',
    'psmallmatrix',
    'bsmallmatrix',
  ],
  ...['pmatrix*', 'bmatrix*', 'matrix*'],
]);
