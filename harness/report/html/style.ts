// The style sheet of the page: one column, two colour schemes, a phone, a printer.

// Eight settings, from the one that keeps nothing to the ones that keep most. Each colour has at
// least 4.5 : 1 against its background, and each setting has a dash of its own besides.
const light = ['#5b6472', '#a34a08', '#0b6b83', '#1d4ed8', '#067647', '#86198f', '#be185d',
  '#3f6212', '#44403c'];
const dark = ['#a3adbb', '#f0a35e', '#5cc8e0', '#82a9ff', '#4ade9a', '#e08af0', '#f788b6',
  '#b4d455', '#d6d3d1'];
const dashes = ['none', '2 3', '9 3', '14 4', 'none', '9 3 2 3', '5 3', '2 2 8 2', 'none'];

const colours = (list: readonly string[]): string => (
  list.map((colour, at) => `--c${at}:${colour};`).join(''));

const settings = light.map((_, at) => (
  `.c${at}{--c:var(--c${at})}.line.c${at}{stroke-dasharray:${dashes[at]}}`)).join('');

const lightScheme = `--bg:#fff;--panel:#f5f6f8;--text:#1a1d21;--soft:#4b535e;--edge:#d4d8de;
--grid:#e6e8ec;--pass:#067647;--fail:#b42318;--open:#8a5800;--link:#1d4ed8;
--step0:#7a8699;--step1:#1d4ed8;--step2:#c2410c;${colours(light)}`;
const darkScheme = `--bg:#14171b;--panel:#1d2127;--text:#e8eaed;--soft:#b0b7c1;--edge:#3a414b;
--grid:#2a3038;--pass:#4ade9a;--fail:#ff9b8f;--open:#f2c063;--link:#9bbcff;
--step0:#8a95a5;--step1:#82a9ff;--step2:#f0a35e;${colours(dark)}`;

/** The style sheet. */
export const pageStyle: string = `
:root{color-scheme:light dark;${lightScheme}}
@media(prefers-color-scheme:dark){:root{${darkScheme}}}
@media print{:root{color-scheme:light;${lightScheme}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1rem}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0 auto;padding:1.25rem;max-width:58rem;background:var(--bg);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1{font-size:1.35rem;margin:.25rem 0 1rem}h1 small{font-weight:400;color:var(--soft);
font-size:.9rem;margin-left:.5rem}
h2{font-size:1.3rem;margin:0 0 .75rem;line-height:1.3}h3{font-size:1rem;margin:0 0 .35rem}
section{margin-top:3.25rem;border-top:1px solid var(--edge);padding-top:1.5rem}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;background:var(--bg);padding:.5rem;
z-index:3}
code,.command{font:.9em/1.5 ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,monospace}
.strip{border-left:.5rem solid var(--open);background:var(--panel);padding:1rem 1.25rem;
border-radius:0 .5rem .5rem 0}
.strip.pass{border-color:var(--pass)}.strip.fail{border-color:var(--fail)}
.verdict{font-size:1.25rem;font-weight:650;margin:0 0 .5rem;line-height:1.35}
.strip.pass .verdict{color:var(--pass)}.strip.fail .verdict{color:var(--fail)}
.strip.inconclusive .verdict{color:var(--open)}
.strip p:last-child{margin:.6rem 0 0}
.counts{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;list-style:none;margin:0;padding:0}
.problems{border:2px solid var(--open);border-radius:.5rem;padding:.75rem 1.25rem;margin-top:1rem}
.problems p,.problems ul{margin:.2rem 0}
nav ol{columns:2;padding-left:1.6rem;margin:1.25rem 0 0}
nav li{break-inside:avoid;padding:.15rem 0}
.cards{list-style:none;padding:0;display:grid;gap:1rem}
.card{border:1px solid var(--edge);border-left:.4rem solid var(--open);border-radius:.4rem;
padding:1rem 1.25rem;break-inside:avoid}
.card.fail{border-left-color:var(--fail)}.words{white-space:pre-wrap;margin:.25rem 0}
.command{display:flex;gap:.75rem;align-items:center;background:var(--panel);border-radius:.4rem;
padding:.6rem .75rem}.command code{flex:1}
button{font:inherit;padding:.35rem .8rem;border:1px solid var(--edge);border-radius:.35rem;
background:var(--bg);color:var(--text);cursor:pointer}
figure{margin:1.75rem 0;break-inside:avoid}
figcaption{font-weight:650;margin-bottom:.35rem}
figcaption::first-letter{text-transform:uppercase}
svg.wide,svg.narrow{width:100%;height:auto;display:block;overflow:visible}svg.narrow{display:none}
svg text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
fill:var(--text);unicode-bidi:isolate}
.ticks text{fill:var(--soft);font-size:12.5px}.ticks .axis{fill:var(--text);font-size:12.5px}
.grid path{stroke:var(--grid);fill:none}
${settings}
.mark{fill:var(--c);stroke:var(--bg);stroke-width:1.5}
.mark.hollow{fill:var(--bg);stroke:var(--c);stroke-width:2.5}
.line{fill:none;stroke:var(--c);stroke-width:2.25;stroke-linejoin:round}
.line.thin{stroke-width:1.5}
.whisker{stroke:var(--c,var(--text));stroke-width:1.75;fill:none;opacity:.75}
.lead{stroke:var(--soft);stroke-width:.75;fill:none}
.promise path{stroke:var(--text);stroke-width:1.5}.promise text{font-size:12px}
.step0{fill:var(--step0)}.step1{fill:var(--step1)}.step2{fill:var(--step2)}
.step3{fill:var(--c5)}.step4{fill:var(--c4)}
.verdict0{--c:var(--fail)}.verdict1{--c:var(--pass)}.verdict2{--c:var(--open)}
.verdict3,.verdict4{--c:var(--soft)}
.band{fill:var(--edge);fill-opacity:.55;stroke:var(--soft);stroke-width:.75}
.zero{stroke:var(--text);stroke-width:1.25}
.name,.value{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;list-style:none;padding:0;margin:.25rem 0;
font-size:.9rem}.legend li{display:flex;align-items:center;gap:.4rem}
.reading{margin:.5rem 0;padding-left:.8rem;border-left:3px solid var(--edge)}
.note,.missing{color:var(--soft);font-size:.92rem}
.missing{border:1px dashed var(--edge);border-radius:.4rem;padding:.75rem 1rem}
.notes li{margin:.3rem 0}
.beside{display:grid;grid-template-columns:1fr;gap:0 2rem}
summary{cursor:pointer;padding:.3rem 0;color:var(--link)}
.scroll{overflow-x:auto}.scroll.long{max-height:32rem;overflow-y:auto}
table{border-collapse:collapse;font-size:.9rem;width:100%}
caption{position:absolute;left:-999rem}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--edge);
vertical-align:top;overflow-wrap:normal}thead th{white-space:normal;color:var(--soft);
font-weight:600}tbody th{font-weight:600}td small,th small{display:block;font-weight:400;
color:var(--soft)}
.objective{background:var(--panel);border-radius:.5rem;padding:1rem 1.25rem;margin:1.25rem 0}
.objective p{margin:.35rem 0}
.objective input{font:inherit;width:5.5rem;padding:.2rem .4rem;border:1px solid var(--soft);
border-radius:.3rem;background:var(--bg);color:var(--text)}
.objective input[aria-invalid=true]{border:2px solid var(--fail)}
output{font-weight:700}#alike:empty{display:none}
.choices{list-style:none;padding:0;margin:.75rem 0}
.choices li{padding:.3rem .6rem;border-left:4px solid transparent}
.choices li.chosen{border-color:var(--pass);background:var(--bg)}
.choices li.chosen .label::before{content:"✓ ";color:var(--pass)}
.choices span{color:var(--soft)}
.timeline{min-height:260px}
.crash{fill:var(--fail)}
#tip{position:fixed;z-index:2;max-width:22rem;padding:.45rem .7rem;border-radius:.35rem;
background:var(--text);color:var(--bg);font-size:.85rem;pointer-events:none}
footer{margin:3rem 0 1rem;color:var(--soft);font-size:.9rem}
@media(max-width:40rem){body{padding:.9rem}svg.wide{display:none}svg.narrow{display:block}
nav ol{columns:1}.command{flex-direction:column;align-items:stretch}}
@media print{body{max-width:none;font-size:11pt}nav,.skip,button,#tip{display:none}
svg.wide{display:block}svg.narrow{display:none}section{break-inside:auto;margin-top:1.5rem}
.scroll,.scroll.long{max-height:none;overflow:visible}
.u-legend .u-value{display:none}a{color:inherit;text-decoration:none}
h2,figcaption{break-after:avoid}}
`;
