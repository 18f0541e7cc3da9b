/** What the page and the worker that runs programs say to each other. */

export interface ProgramRequest {
  readonly id: number;
  readonly code: string;
}

/** What was found of a program: pictures as SVG, formulas as HTML. */
export interface ProgramAnswer {
  readonly id: number;
  readonly value: string;
  readonly listing: string;
  readonly graph: string;
  /** What was derived, as a document with verdicts; a sentence where nothing was. */
  readonly derived: string;
  /** Empty where the program has no layers. */
  readonly links: string;
}

export interface ProgramError {
  readonly id: number;
  readonly error: string;
}
