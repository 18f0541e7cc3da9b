/** The style of documents and verdicts, in light or dark mode as the reader prefers. */

export const style = `
:root{color-scheme:light dark;
--paper:light-dark(#fdfdfc,#0f141b);--card:light-dark(#f5f6f8,#171e28);--ink:light-dark(#15181d,#e7ebf1);
--quiet:light-dark(#5a6372,#98a3b3);--line:light-dark(#dfe3e8,#2b3542);--accent:light-dark(#2257d6,#82abff);
--holds:light-dark(#15803d,#5fd08a);--wrong:light-dark(#bd1c1c,#ff8a80);--conditional:light-dark(#a15c00,#f2b45c);
--not-understood:light-dark(#7a3fb8,#c8a2f5);--undecided:var(--not-understood);
--warm:light-dark(#e8702f,#e07b33);--cold:light-dark(#3f78ea,#4d86ee)}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 Inter,system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;-webkit-text-size-adjust:100%}
main{max-width:50rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
article+article{margin-top:5rem;border-top:1px solid var(--line);padding-top:2rem}
h1,h2,h3{line-height:1.2;letter-spacing:-.015em}h1{font-size:1.9rem}h2{font-size:1.35rem;margin-top:2.4rem}h3{font-size:1.1rem}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
code,pre{font-family:ui-monospace,'SF Mono','Cascadia Mono',Menlo,'DejaVu Sans Mono',monospace;font-size:.84em}
pre{padding:.6rem .8rem;border-radius:8px;background:var(--card);border:1px solid var(--line);overflow-x:auto;line-height:1.5}
.plain{white-space:pre-line}
math{font-family:'STIX Two Math','STIXTwoMath-Regular','Latin Modern Math','Cambria Math','Noto Sans Math','DejaVu Math TeX Gyre',math;line-height:normal;font-size:1.08em}
.tml-right{text-align:-webkit-right}.tml-left{text-align:-webkit-left}
mo.tml-prime{font-size:1.1em}
mtable.tml-jot>mtr>mtd{padding-top:.7ex;padding-bottom:.7ex}
.display{display:block;overflow-x:auto;overflow-y:hidden;padding:.15rem 0}
p>.display{margin:.7rem 0;border-left:3px solid transparent;padding:.35rem .6rem;border-radius:0 8px 8px 0}
p>.display.holds{border-left-color:color-mix(in oklab,var(--holds) 55%,transparent)}
p>.display.wrong,p>.display.conditional,p>.display.not-understood,p>.display.undecided{border-left-color:var(--tone);background:color-mix(in oklab,var(--tone) 7%,transparent)}
.holds{--tone:var(--holds)}.wrong{--tone:var(--wrong)}.conditional{--tone:var(--conditional)}.not-understood{--tone:var(--not-understood)}.undecided{--tone:var(--undecided)}
.formula{border-radius:4px}
.inline .formula.holds{border-bottom:2px solid color-mix(in oklab,var(--holds) 45%,transparent)}
.formula.wrong,.formula.conditional,.formula.not-understood,.formula.undecided{background:color-mix(in oklab,var(--tone) 13%,transparent)}
.display.wrong .formula,.display.conditional .formula,.display.not-understood .formula,.display.undecided .formula{background:none}
.place{border-bottom:2.5px solid var(--tone,var(--wrong));padding-bottom:.12em}
.changed{background:color-mix(in oklab,var(--holds) 22%,transparent);border-radius:3px}
mark{color:inherit;background:none}mark.place{border-bottom:2px solid var(--tone);background:color-mix(in oklab,var(--tone) 14%,transparent);padding-bottom:0}
mark.changed{background:color-mix(in oklab,var(--holds) 22%,transparent)}
.badge{display:inline-flex;gap:.35em;align-items:baseline;white-space:nowrap;color:var(--tone);font-weight:600;font-size:.84rem;line-height:1.4;padding:.1rem .55rem;border-radius:99px;background:color-mix(in oklab,var(--tone) 11%,transparent)}
.badge small{font-weight:400;font-size:.92em;opacity:.85}
.cards{display:grid;gap:.7rem;margin:.6rem 0 1.4rem}
.card{border:1px solid color-mix(in oklab,var(--tone) 35%,var(--line));border-radius:12px;background:var(--paper);overflow:hidden;scroll-margin-top:1rem}
.card:target{box-shadow:0 0 0 3px color-mix(in oklab,var(--tone) 30%,transparent)}
.card>summary{cursor:pointer;list-style:none;padding:.6rem .85rem;background:color-mix(in oklab,var(--tone) 6%,transparent);font-size:.93rem;line-height:1.5}
.card>summary::-webkit-details-marker{display:none}
.line{color:var(--quiet);font-size:.82rem;white-space:nowrap;margin:0 .3rem}
.evidence{padding:.7rem .85rem .9rem;display:grid;gap:.75rem;min-width:0}.evidence>*{min-width:0}
.evidence pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.evidence h4{margin:0 0 .35rem;font-size:.8rem;font-weight:600;color:var(--quiet);letter-spacing:.01em}
.mend{border-left:3px solid var(--holds);padding-left:.8rem}.mend h4{color:var(--holds)}
.mend pre{margin-top:.45rem}.when{margin:.35rem 0 0;color:var(--quiet);font-size:.88rem}
.given{margin:0 0 .5rem;font-size:.9rem;color:var(--quiet)}.given math{font-size:1em}
.matrices,.sides{display:flex;flex-wrap:wrap;gap:.7rem 1rem;align-items:flex-end}
.sides{margin-top:.8rem;padding-top:.8rem;border-top:1px dashed var(--line);align-items:center}
.unequal{color:var(--wrong);font-size:1.3rem}
.matrix{margin:0;max-width:100%;overflow-x:auto}.matrix figcaption{font-size:.82rem;color:var(--quiet);margin-bottom:.2rem}
.heat{border-collapse:separate;border-spacing:2px;font-size:.78rem;font-variant-numeric:tabular-nums}
.heat td{min-width:2.3rem;height:1.75rem;padding:0 .35rem;text-align:center;border-radius:4px;background:color-mix(in oklab,var(--hue) calc(var(--share)*72%),var(--card))}
.heat td.differs{box-shadow:inset 0 0 0 1.5px var(--ink)}
.steps ol{margin:0;padding-left:1.3rem;display:grid;gap:.4rem;font-size:.9rem}.steps code{overflow-wrap:anywhere}
.about{margin-bottom:2rem}.about .name{margin:0 0 .5rem;color:var(--quiet);font-size:.88rem;overflow-wrap:anywhere}
.counts,.troubles{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.45rem}
.counts .badge{font-size:.95rem;padding:.2rem .75rem}
.troubles{margin-top:.9rem;gap:.4rem .9rem}.troubles a{text-decoration:none}
.reading{margin-top:3rem;border-top:1px solid var(--line);padding-top:1rem;color:var(--quiet);font-size:.9rem}.reading summary{cursor:pointer}
article table:not(.heat){border-collapse:collapse}article table:not(.heat) :is(th,td){border:1px solid var(--line);padding:.3rem .6rem}
@media(max-width:34rem){body{font-size:16px}main{padding:1.4rem .9rem 3rem}.evidence{padding:.6rem}.display math{font-size:1em}}
@media print{.card{break-inside:avoid}}`;
