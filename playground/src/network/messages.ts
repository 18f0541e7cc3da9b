/** The messages between the page and the worker that runs programs. */

export interface ProgramRequest {
  readonly id: number;
  readonly code: string;
}

/** The results for a program: pictures as SVG, formulas as HTML. */
export interface ProgramAnswer {
  readonly id: number;
  readonly value: string;
  readonly listing: string;
  readonly graph: string;
  /** The derived formulas as a document with verdicts, or a sentence if there are none. */
  readonly derived: string;
  /** Empty if the program has no layers. */
  readonly links: string;
}

export interface ProgramError {
  readonly id: number;
  readonly error: string;
}
