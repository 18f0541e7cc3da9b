/** The part of Temml that this package uses. Temml's own types are hidden from the compiler by its `exports`. */
declare module 'temml' {
  interface Options {
    readonly displayMode?: boolean;
    readonly throwOnError?: boolean;
    readonly macros?: Readonly<Record<string, string>>;
    readonly trust?: (context: { readonly command: string }) => boolean;
  }
  const temml: {
    /** Converts LaTeX to MathML. Throws if it can't be parsed. */
    renderToString(latex: string, options?: Options): string;
  };
  export default temml;
}
