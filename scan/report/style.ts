/** Style of the report page: light and dark, from a phone to a wide screen. */
export const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --good: #1a7f4b; --bad: #c2362b; }
@media (prefers-color-scheme: dark) { :root { --good: #5fd39a; --bad: #ff8a7d; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .2rem 0; }
.verdict { font-size: 1.1rem; font-weight: 600; }
.good { color: var(--good); } .verdict.bad, .bad h2, td.failed { color: var(--bad); }
.findings { list-style: none; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: .5rem; font: 13px/1.6 ui-monospace, monospace; overflow-wrap: anywhere; }
details { margin: .5rem 0; } summary { cursor: pointer; } .findings .warning { opacity: .8; }
.findings .error { color: var(--bad); }
.findings li { padding-left: 1.5em; text-indent: -1.5em; }
.numbers { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1.2rem 0; }
.numbers dt { font-size: 1.4rem; font-weight: 600; } .numbers dd { margin: 0; opacity: .7; }
section { display: grid; grid-template-columns: 8rem minmax(0, 1fr) auto; gap: .5rem 1.2rem; padding: 1rem 0; border-top: 1px solid var(--line); align-items: start; }
.thumb { width: 8rem; max-height: 8rem; object-fit: cover; border-radius: .4rem; display: block; }
.thumb.none { height: 5rem; display: grid; place-items: center; background: var(--line); font-size: .8rem; }
.legend { font-size: 13px; opacity: .7; margin-bottom: .6rem; }
.places { font: 12px/1.5 ui-monospace, monospace; opacity: .7; overflow-wrap: anywhere; }
.curve { margin: .5rem 0 0; font-size: 12px; } .curve svg { display: block; max-width: 100%; height: auto; } .curve text { font-size: 9px; fill: currentColor; opacity: .7; }
.curve polyline { fill: none; stroke: currentColor; stroke-width: 1.5; } .curve circle { fill: currentColor; } .curve .floor { stroke: currentColor; opacity: .5; stroke-dasharray: 3 3; }
.curve .avif { color: var(--good); } .curve .webp { color: var(--bad); } .curve .jpg { color: inherit; } .curve .webp polyline { stroke-dasharray: 5 2; } .curve .jpg polyline { stroke-dasharray: 1.5 2; }
.keys span { margin-right: .6em; font-weight: 600; } .curve figcaption { opacity: .8; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th { font-weight: 500; opacity: .6; } th, td { text-align: right; padding: .1rem .5rem; }
td.made { font-weight: 600; }
@media (max-width: 45rem) { section { grid-template-columns: 5rem minmax(0, 1fr); } .thumb { width: 5rem; } table { grid-column: 1 / -1; } }
`;
