/** The complete rule table. Its type makes a missing rule a compile error. */

import {
  cumulativeRules,
  elementProductRules,
  indexingRules,
  nearZeroRules,
  normalizationRules,
  orderingRules,
  powerRules,
  roundingRules,
  specialRules,
  trigonometricRules,
  windowedRules,
} from './extension-rules.ts';
import { commonRules, type Rules } from './vjp-rules.ts';

/** The vector-Jacobian products of all primitives, generic in the array type. */
export const rules: Rules = {
  ...commonRules,
  ...cumulativeRules,
  ...elementProductRules,
  ...indexingRules,
  ...nearZeroRules,
  ...normalizationRules,
  ...orderingRules,
  ...powerRules,
  ...roundingRules,
  ...specialRules,
  ...trigonometricRules,
  ...windowedRules,
};
