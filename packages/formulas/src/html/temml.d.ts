/** What is used of Temml, whose own types its exports hide from the compiler. */
declare module 'temml' {
  interface Options {
    readonly displayMode?: boolean;
    readonly throwOnError?: boolean;
    readonly macros?: Readonly<Record<string, string>>;
    readonly trust?: (context: { readonly command: string }) => boolean;
  }
  const temml: {
    /** Turns LaTeX into MathML. Throws where it is not understood. */
    renderToString(latex: string, options?: Options): string;
  };
  export default temml;
}
