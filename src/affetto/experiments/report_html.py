"""A report as one HTML file that needs nothing else: styles and charts are inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from affetto.experiments.blocks import Block, Code, Heading, Listing, Paragraph, Picture, Table

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --faint: #59636e; --ground: #ffffff;
  --rule: #d1d9e0; --soft: #f6f8fa; --answer: #0b6e4f; --answer-ground: #e7f5ef;
  --warning: #8a3b00; --warning-ground: #fff1e5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #9aa4af;
  --ground: #0f141a; --rule: #323b45; --soft: #171e26; --answer: #7ee2b8;
  --answer-ground: #10291f; --warning: #ffb98a; --warning-ground: #33200f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 64rem; color: var(--ink);
  background: var(--ground); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .75rem;
  border-top: 1px solid var(--rule); }
p, ul { max-width: 46rem; }
li { color: var(--faint); font-size: .9rem; }
.answer, .warning { padding: .75rem 1rem; border-left: 4px solid; border-radius: 4px; }
.answer { color: var(--answer); background: var(--answer-ground); font-weight: 600; }
.warning { color: var(--warning); background: var(--warning-ground); }
pre { padding: .75rem 1rem; background: var(--soft); border-radius: 6px; overflow-x: auto;
  font-size: .9rem; white-space: pre-wrap; }
.wide { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--rule); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .85rem;
  font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .4rem .7rem; text-align: right; vertical-align: bottom; }
th { font-weight: 600; color: var(--faint); background: var(--soft); min-width: 5.5rem; }
td { border-top: 1px solid var(--rule); white-space: nowrap; vertical-align: top; }
td.word { text-align: left; white-space: normal; min-width: 7rem; }
th.word { text-align: left; }
tr.strong td { font-weight: 600; background: var(--soft); }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--ground); }
th:first-child, tr.strong td:first-child { background: var(--soft); }
figure { margin: 1.5rem 0; }
figure img { display: block; max-width: 100%; height: auto; background: #fff; padding: .5rem;
  border: 1px solid var(--rule); border-radius: 6px; }
figcaption { margin-top: .4rem; color: var(--faint); font-size: .85rem; }
@media (max-width: 36rem) { body { padding-top: 1rem; } h1 { font-size: 1.35rem; }
  th, td { padding: .35rem .5rem; } td.word { min-width: 5.5rem; }
  figure { overflow-x: auto; } figure img { max-width: none; width: 40rem; } }
"""


def page(blocks: Sequence[Block], pictures: Mapping[str, str]) -> str:
    """Give blocks as a whole page; `pictures` are SVG texts by name."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "report")
    body = "\n".join(_html(block, pictures) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _html(block: Block, pictures: Mapping[str, str]) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text, "text"):
            return f"<p>{escape(text)}</p>"
        case Paragraph(text, kind):
            return f'<p class="{kind}">{escape(text)}</p>'
        case Listing(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Table():
            return _table(block)
        case Picture(name, caption):
            data = base64.b64encode(pictures[name].encode()).decode("ascii")
            return (
                f'<figure><img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}">'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )


def _table(table: Table) -> str:
    def cells(row: Sequence[str], name: str) -> str:
        return "".join(
            f"<{name}{' class=word' if place < table.n_words else ''}>{escape(cell)}</{name}>"
            for place, cell in enumerate(row)
        )

    rows = "\n".join(
        f"<tr{' class=strong' if place in table.strong else ''}>{cells(row, 'td')}</tr>"
        for place, row in enumerate(table.rows)
    )
    return (
        f'<div class="wide" tabindex="0"><table>\n<thead><tr>{cells(table.header, "th")}</tr>'
        f"</thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )
