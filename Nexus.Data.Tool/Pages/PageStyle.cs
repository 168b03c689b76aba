namespace Nexus.Data.Tool.Pages;

/// <summary>How a page looks: by the reader's light or dark colours, and on paper. Holds no character that XML escapes.</summary>
internal static class PageStyle
{
    public const string Css =
        """

        :root { color-scheme: light dark; --back: #fff; --text: #24292f; --dim: #59636e; --line: #d0d7de; --lane: #f6f8fa; --hover: #0969da1f;
          --link: #0969da; --main: #0072b2; --fork: #b25e00; --task: #007a59; --cont: #a3437a; --retry: #7a6f00; --sum: #59636e; --bad: #c2280a }
        @media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --dim: #9198a1; --line: #30363d; --lane: #161b22;
          --hover: #4493f833; --link: #4493f8; --main: #4493f8; --fork: #ffa23e; --task: #2dc08d; --cont: #e59ac4; --retry: #f0e442;
          --sum: #9198a1; --bad: #ff7b6b } }
        * { box-sizing: border-box }
        body { margin: 0 auto; padding: 20px 24px 48px; max-width: 1500px; background: var(--back); color: var(--text); font: 14px/1.45 system-ui, sans-serif }
        h1 { font-size: 20px; margin: 0 0 4px; overflow-wrap: anywhere } h2 { display: inline; font-size: 16px }
        a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
        nav a { margin-right: 14px } summary { margin: 22px 0 8px; cursor: pointer }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 14px 0 } dt { color: var(--dim) } dd { margin: 0; overflow-wrap: anywhere }
        .note { color: var(--bad) }
        .box { overflow: auto; max-height: 88vh; content-visibility: auto; contain-intrinsic-height: auto 60vh; border: 1px solid var(--line); border-radius: 6px }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 0 0 8px; padding: 0; color: var(--dim) }
        .legend svg { vertical-align: -4px; margin-right: 5px }
        table { border-collapse: collapse; white-space: nowrap; font-variant-numeric: tabular-nums; font-size: 13px }
        th, td { padding: 3px 10px; text-align: left; border-bottom: 1px solid var(--line); unicode-bidi: isolate } td.n, th.n { text-align: right }
        thead th { position: sticky; top: 0; background: var(--lane) }
        tbody tr:hover, tr:target { background: var(--hover) } tr { scroll-margin-top: 40px }
        td.wide { min-width: 240px; max-width: 480px; white-space: normal; overflow-wrap: anywhere } td.bad { color: var(--bad) }
        svg { display: block; font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums } .legend svg { display: inline }
        text { fill: var(--text) } text.dim { fill: var(--dim) } text.end { text-anchor: end } text.bad { fill: var(--bad) } text.name { font-weight: 600 }
        svg a:hover { text-decoration: none } .hit { fill: transparent } .row:hover .hit, .row:target .hit { fill: var(--hover) }
        .k { stroke: var(--back); stroke-width: 1 } .many { fill: none; stroke: var(--text) } .cross { fill: none; stroke: var(--back); stroke-width: 1.5 }
        .e { fill: none; stroke-width: 1.6 } .e.retry { stroke-dasharray: 3 3 } .e.task { stroke-dasharray: 7 2 } .e.cont { stroke-dasharray: 1 3; stroke-width: 2.5; stroke-linecap: round }
        .k.main, .bar.main, text.name.main { fill: var(--main) } .e.main { stroke: var(--main) }
        .k.fork, .bar.fork, text.name.fork { fill: var(--fork) } .e.fork { stroke: var(--fork) }
        .k.task, .bar.task, text.name.task { fill: var(--task) } .e.task { stroke: var(--task) }
        .k.cont, .bar.cont, text.name.cont { fill: var(--cont) } .e.cont { stroke: var(--cont) }
        .k.retry, .bar.retry { fill: var(--retry) } .e.retry { stroke: var(--retry) } .k.sum, .bar.sum { fill: var(--sum) }
        .k.bad, .bar.bad { fill: var(--bad) } .bar.retry { stroke: var(--text); stroke-dasharray: 2 2 } .bar.bad { stroke: var(--text) } .bar.open { fill-opacity: .35; stroke: var(--dim); stroke-width: .5 }
        a:hover .bar, a:target .bar { stroke: var(--text); stroke-width: 2 }
        .lane { fill: var(--lane) } .tick path { stroke: var(--line) } .gap rect { fill: var(--dim); fill-opacity: .06 } .gap path { stroke: var(--dim); fill: none }
        @media print { body { max-width: none; padding: 0 } nav { display: none } .box { overflow: visible; max-height: none; border: 0; content-visibility: visible }
          .box svg { max-width: 100%; height: auto } @page { size: landscape } table { font-size: 8px; white-space: normal } td.wide { min-width: 0 } th, td { padding: 1px 3px } tr { break-inside: avoid } thead th { position: static } }

        """;
}
