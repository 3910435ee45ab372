"""Results in a notebook: a MIME bundle of the plain text and of small HTML without script, style sheet or network.

``bundle(obj)`` is what an object's ``_repr_mimebundle_`` returns. ``register()`` tells a running IPython to show all
results that way, so that ``results.py`` stays free of formatting.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from logtune.render import blocks, course, escape, numbers, terminal, values
from logtune.render.glyphs import UTF8
from logtune.render.look import Look
from logtune.render.look import look as look_for
from logtune.render.tables import fitting
from logtune.results import Bar, Chart, Column, Item, Lines, Metric, Report, Section, Table

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_CHARTS_WIDTH = 32
_RESULTS: tuple[type, ...] = (Report, Section, *get_args(Item))

# Colours are those that read on light and dark pages alike; words and signs say the same.
_TEMPLATE = """\
{%- macro item(it, kind) -%}
{%- if kind == 'Table' %}
{%- set it = it|fitting %}
<table>
{%- if it.title %}<caption style="text-align:left;font-weight:bold">{{ it.title|s }}
{%- if it.counts %} <span style="font-weight:normal">{{ it.counts|s }}</span>{% endif %}</caption>{% endif %}
<thead><tr>{% for c in it.columns %}<th{{ c|align }}>{{ c.title|s }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for row in it.rows %}
<tr>{% for c in it.columns %}<td{{ c|align }}>{{ row|value(loop.index0, it) }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table>
{%- if it.omitted %}<p><small>{{ it.omitted|count }} more, not shown</small></p>{% endif %}
{%- if it.note %}<p><small>{{ it.note|s }}</small></p>{% endif %}
{%- elif kind == 'Card' %}
<p><b>{{ it|sign }} {{ it.restriction|s }}
{%- if it.service %} ({{ it.service|s }}){% endif %}: {{ it.verdict.value }}</b>
<br>{{ it|bar }} {{ it.accepted|count }} recipients newly stopped
<br>{% for p in it.parts %}{{ p|harm }} {{ p.count|count }} {{ p.label|s }}&emsp;{% endfor %}
<br>{{ it.reasons|join(' ')|s }}</p>
{%- elif kind == 'Finding' %}
<p>{{ it|level }} <b>{{ it.title|s }}</b>{% if it.detail %}: {{ it.detail|s }}{% endif %}
{%- if it.command %} <code>{{ it.command|s }}</code>{% endif %}
{%- for sample in it.samples %}<br><code>{{ sample|s }}</code>{% endfor %}</p>
{%- elif kind == 'Note' %}
<p>{{ it.text|s }}</p>
{%- else %}
<pre>{{ it|plain }}</pre>
{%- endif -%}
{%- endmacro -%}
{%- macro section(sec) -%}
<h4>{{ sec.title|s }}{% if sec.counts %} <small>{{ sec.counts|s }}</small>{% endif %}</h4>
{%- for it in sec['items'] %}{{ item(it, it|kind) }}{% endfor %}
{%- for n in sec.next %}<p><code>{{ n.command|s }}</code> {{ n.gives|s }}</p>{% endfor %}
{%- endmacro -%}
<div>
{%- if kind == 'Report' %}
<p><b>logtune {{ obj.command|s }}</b> {{ obj.hosts|join(', ')|s }} {{ obj|period }}
<br><small>{{ obj|coverage }}</small></p>
<h3>{{ obj.headline|s }}</h3>
{%- for detail in obj.details %}<p>{{ detail|s }}</p>{% endfor %}
{%- for sec in obj.sections %}{{ section(sec) }}{% endfor %}
{%- elif kind == 'Section' %}{{ section(obj) }}
{%- else %}{{ item(obj, kind) }}
{%- endif %}
</div>
"""


def bundle(obj: Report | Section | Item, *, zone: str = "UTC") -> dict[str, str]:
    """Return ``{"text/plain": ..., "text/html": ...}`` of any result; times are in the report's zone or ``zone``."""
    name = obj.period.zone if isinstance(obj, Report) else zone
    return {"text/plain": terminal.to_text(obj, zone=name), "text/html": html(obj, zone=name)}


def html(obj: Report | Section | Item, *, zone: str = "UTC") -> str:
    """Return the result as a piece of HTML; every text is escaped by the template."""
    return _template().render(obj=obj, kind=type(obj).__name__, look=look_for(120, zone=zone))


def register() -> bool:
    """Show results as a bundle in the IPython that is running; return whether there is one."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module else None
    if shell is None:
        return False
    for cls in _RESULTS:
        shell.display_formatter.mimebundle_formatter.for_type(cls, lambda obj, **_: bundle(obj))
    return True


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    env = Environment(autoescape=True, undefined=StrictUndefined)
    _add_filters(env)
    return env.from_string(_TEMPLATE)


def _add_filters(env: Environment) -> None:
    from jinja2 import pass_context

    def with_look(function: Any) -> Any:
        return pass_context(lambda context, *args: function(context["look"], *args))

    env.filters.update(
        s=lambda text: escape.visible(str(text)),
        kind=lambda it: type(it).__name__,
        count=numbers.count,
        fitting=fitting,
        align=_align,
        sign=lambda card: UTF8.verdict[card.verdict],
        level=lambda finding: UTF8.level[finding.level],
        harm=lambda part: UTF8.harm[part.harm],
        bar=lambda card: course.parts(card.parts, _CHARTS_WIDTH, UTF8).plain,
        plain=with_look(_plain),
        value=with_look(_value),
        period=with_look(_period),
        coverage=with_look(_coverage),
    )


def _align(column: Column) -> Any:
    from markupsafe import Markup

    side = "right" if column.kind in values.RIGHT else "left"
    return Markup(f' style="text-align:{side}"')  # one of two words


def _value(look: Look, row: Sequence[Any], index: int, table: Table) -> str:
    column = table.columns[index]
    value = row[index] if index < len(row) else None
    if column.kind not in values.CHARTS:
        return values.text(value, column.kind, look, column.unit).plain
    top = max((values.amount_of(r[index], column.kind) for r in table.rows if index < len(r)), default=0.0)
    return values.chart(value, column.kind, look, _CHARTS_WIDTH, top).plain


def _plain(look: Look, it: Metric | Bar | Chart | Lines) -> str:
    return "\n".join(line.plain.rstrip() for line in terminal.items_lines([it], look))


def _period(look: Look, report: Report) -> str:
    return numbers.period(report.period.first, report.period.last, report.period.days, look.zone)


def _coverage(look: Look, report: Report) -> str:
    return " ".join(line.plain for line in blocks.coverage(report, look))
