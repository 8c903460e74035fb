"""The pages' style sheet: light and dark, wide and narrow, on screen and on paper."""

WORDS = (
    *("blocked", "unknown", "degraded", "skipped", "reachable"),
    *("denied", "missing", "partial", "covered"),
    *("network", "security", "dns", "proxy", "platform", "azure"),
    *("required", "recommended", "optional"),
    *("worse", "added", "changed", "removed", "better", "same"),
)
"""What rows can be filtered by."""
_HIDDEN = "".join(f"main:has(#show-{word}:not(:checked)) .row.{word} {{ display:none }}\n" for word in WORDS)
_TONES = {"blocked": ("blocked", "denied", "missing"), "unknown": ("unknown",), "degraded": ("degraded", "partial"),
          "skipped": ("skipped",), "reachable": ("reachable", "covered")}  # fmt: skip
_COLOURS = "".join(
    f".dot.{word} {{ background:var(--{tone}) }} li.{word} {{ border-color:var(--{tone}) }}\n"
    for tone, words in _TONES.items()
    for word in words
)
STYLE = (
    """
:root { --ink:#1b1f24; --dim:#57606a; --paper:#fff; --card:#f3f5f7; --line:#d0d7de; --blocked:#b3261e;
  --unknown:#7b2d9b; --degraded:#8a5200; --skipped:#57606a; --reachable:#14693b; --wait:#8c959f; --dns:#5b8def;
  --tcp:#38a3a5; --proxy:#8d6cab; --tls:#e09f3e; --http:#7aa95c }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ec; --dim:#a3adb8; --paper:#14171b; --card:#1d2227;
  --line:#3a434d; --blocked:#ff8078; --unknown:#d8b0ff; --degraded:#f0b860; --skipped:#a3adb8; --reachable:#62d99b;
  --wait:#6e7781 } }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink); font:15px/1.5 system-ui,"Segoe UI",sans-serif }
main { max-width:1100px; margin:0 auto; padding:2rem 1.25rem 3rem; overflow-wrap:break-word }
code, pre, text { font-family:ui-monospace,Consolas,monospace } code, pre { font-size:.92em }
h1 { font-size:1.9rem; line-height:1.2; margin:.2rem 0 .4rem } h2 { font-size:1.2rem; margin:2rem 0 .6rem }
h3 { font-size:1rem; margin:1.2rem 0 .4rem } p { margin:.2rem 0 } a { color:inherit; overflow-wrap:anywhere }
.kicker, small, footer, .legend, .took, .what { color:var(--dim) } .kicker { font-weight:600 }
h1.blocked { color:var(--blocked) } h1.unknown { color:var(--unknown) } h1.reachable { color:var(--reachable) }
.cards { display:flex; flex-wrap:wrap; gap:.6rem; padding:0; margin:1.2rem 0; list-style:none }
.cards li { flex:1 1 8rem; background:var(--card); border-radius:.5rem; padding:.6rem .9rem; border-left:.3rem solid }
.cards b { display:block; font-size:1.6rem; line-height:1.2; color:var(--ink) }
table { border-collapse:collapse; width:100% } .levels { width:auto } .scroll { overflow-x:auto }
th, td { text-align:left; vertical-align:top; padding:.4rem .8rem .4rem 0; border-bottom:1px solid var(--line) }
th { font-weight:600; white-space:nowrap } .levels td, .levels th { padding-right:1.4rem }
td { overflow-wrap:anywhere } td:has(.name) { overflow-wrap:normal }
dt { margin-top:.8rem } dd { margin:.2rem 0 0 1rem }
pre { background:var(--card); border-radius:.5rem; padding:.8rem; margin:.4rem 0; white-space:pre-wrap;
  overflow-wrap:anywhere }
.name { display:flex; align-items:baseline; min-width:0 } .name code { min-width:0 }
.name code span { white-space:nowrap } .name code span.long { white-space:normal; overflow-wrap:anywhere }
.dot { display:inline-block; width:.7rem; height:.7rem; border-radius:50%; margin-right:.5rem; flex:none }
.dot.required { background:var(--ink) } .dot.recommended { background:var(--dim) }
.dot.optional { border:2px solid var(--dim) }
.why { flex:1 1 100%; min-width:0; overflow-wrap:anywhere; padding-left:2.7rem } summary:has(.why) { flex-wrap:wrap }
.task { border:1px solid var(--line); border-left:.35rem solid var(--blocked); border-radius:.5rem; margin:.9rem 0;
  padding:.2rem 1rem .8rem } .task.unknown { border-left-color:var(--unknown) }
.task.degraded { border-left-color:var(--degraded) } .task ul { padding:0; list-style:none; margin:.4rem 0 }
.task li { padding:.15rem 0; border:0 } .task li small { display:block; padding-left:1.2rem }
.picture svg { display:block; width:100%; max-width:700px; height:auto }
.picture text { font-size:13px; fill:var(--ink) } .picture .station { font-weight:600 }
.picture rect { fill:var(--card); stroke:var(--line) } .picture .way { stroke:var(--dim); stroke-width:2 }
.picture .cross { stroke:var(--blocked); stroke-width:4; stroke-linecap:round } .picture .dim { fill:var(--dim) }
.filters { display:flex; flex-wrap:wrap; gap:.6rem 1.2rem; margin:.4rem 0 .8rem }
fieldset { border:1px solid var(--line); border-radius:.4rem; padding:.1rem .7rem .3rem; margin:0 }
legend { color:var(--dim); font-size:.85rem } label { margin-right:.8rem; white-space:nowrap }
details { border-bottom:1px solid var(--line) } details[open] { background:var(--card) }
summary { display:flex; align-items:center; gap:.3rem; padding:.35rem .4rem; cursor:pointer; list-style:none }
summary::before { content:"\\25B8"; color:var(--dim); width:1rem; flex:none }
details[open] > summary::before { content:"\\25BE" } summary::-webkit-details-marker { display:none }
details > div { padding:0 .8rem .6rem 1.6rem } summary .name { flex:1 1 40% }
.what { flex:0 1 15rem; min-width:0 } .took { flex:0 0 5.5rem; text-align:right; white-space:nowrap }
.fall { flex:1 1 25%; display:flex; height:.7rem; background:color-mix(in srgb, var(--line) 45%, transparent);
  border-radius:.2rem; overflow:hidden }
.layer { display:inline-block; min-width:1px; height:.7rem; flex:none }
.legend .layer { width:.9rem; margin:0 .3rem 0 .8rem }
.scale { margin-left:1.2rem } .layer.wait { background:var(--wait) } .layer.dns { background:var(--dns) }
.layer.tcp { background:var(--tcp) }
.layer.proxy { background:var(--proxy) } .layer.tls { background:var(--tls) }
.layer.http, .layer.smb, .layer.ntp { background:var(--http) }
.layer.failed { background-image:repeating-linear-gradient(45deg,transparent 0 3px,var(--blocked) 3px 6px) }
footer { margin-top:2.5rem; font-size:.85rem; overflow-wrap:anywhere }
@media (max-width:640px) { main { padding:1rem .8rem 2rem } .fall { display:none } summary { flex-wrap:wrap }
  summary .name { flex:1 1 80% } .what { flex:1 1 55%; padding-left:1.3rem } .levels { font-size:.8rem }
  .levels td, .levels th { padding-right:.5rem } }
@page { margin:12mm }
@media print { :root { --card:#fff } body { font-size:9.5px; line-height:1.3 } main { max-width:none; padding:0 }
  h1 { font-size:17px } h2 { font-size:13px; margin:.8rem 0 .3rem } h3 { font-size:11px; margin:.4rem 0 .2rem }
  .filters, .task > details, .rules, .legend { display:none } .cards { margin:.4rem 0; gap:.3rem }
  .cards li { padding:.2rem .5rem }
  .cards b { font-size:14px; display:inline } .task { margin:.4rem 0; padding:0 .6rem .3rem; break-inside:avoid }
  .picture svg { max-width:430px } .picture { break-inside:avoid } th, td { padding:.1rem .5rem .1rem 0 }
  dl { columns:2; column-gap:1.5rem } dt { margin-top:.3rem } .row { break-inside:avoid }
  summary { padding:.08rem .2rem } summary::before { content:none } details > div { padding:0 .3rem .2rem 1.2rem }
  details.open::details-content { content-visibility:visible; display:block; block-size:auto } }
"""
    + _COLOURS
    + _HIDDEN
)
