"""Renders the pages' templates, one Jinja2 environment for each language.

Everything is escaped unless a template says otherwise, and none does for what came
from outside.  A name that a view did not give is an error, not an empty place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from gateway.console.languages import LANGUAGES, Language, language
from gateway.console.written import in_language, layout_in_language
from gateway.journal.anomalies import KINDS
from routing.sandbox import base

if TYPE_CHECKING:
    from gateway.console.visit import Visit

_STATIC: Final = "/console/static"
_PROOF: Final = Markup('<input type="hidden" name="proof" value="{}">')


class Templates:
    """Renders templates by name."""

    def __init__(self) -> None:
        self._environments = {code: _environment(code) for code in LANGUAGES}

    def render(self, name: str, visit: Visit, facts: Mapping[str, Any]) -> str:
        """Render a template for a visit with the facts of its view."""
        template = self._environments[visit.language.code].get_template(name)
        zone, now, spoken = visit.premises.zone, visit.now, visit.language
        return template.render(
            facts,
            visit=visit,
            person=visit.person,
            now=now,
            languages=LANGUAGES,
            moment=lambda at: _moment(spoken, at, visit),
            day=lambda at: spoken.day(at, zone),
            ago=lambda at: _ago(spoken, at, visit),
            proof=lambda: _PROOF.format(visit.proof),
        )

    def alone(
        self, name: str, language: Language, zone: ZoneInfo, facts: Mapping[str, Any]
    ) -> str:
        """Render a template that is a file of its own, for nobody's visit."""
        template = self._environments[language.code].get_template(name)
        return template.render(
            facts,
            spoken=language,
            moment=lambda at: _time(at, language.moment(at, zone), ""),
            day=lambda at: language.day(at, zone),
        )


def link(path: str, **kept: str) -> str:
    """Write an address with a query of what is not empty."""
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{path}?{query}" if query else path


@cache
def static_file(name: str) -> tuple[bytes, str]:
    """Return a file that pages load, and its version; raises `KeyError` for none."""
    folder = resources.files("gateway.console") / "static"
    if name not in {each.name for each in folder.iterdir()}:
        raise KeyError(name)
    content = (folder / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def _kind(name: str) -> str:
    """Return what a kind of anomaly means; one of another version means its name."""
    return KINDS.get(name, name)


def _clock(minutes: int) -> str:
    """Write minutes since midnight as a time of day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _counted(ngettext: Any, spoken: Language) -> Callable[..., str]:
    """Have a number in a sentence written as the language writes numbers."""

    @pass_context
    def counted(
        context: Context, one: str, many: str, count: int, /, **more: object
    ) -> str:
        said: str = ngettext(
            context, one, many, count, **{"num": spoken.number(count)} | more
        )
        return said

    return counted


def _static(name: str) -> str:
    return f"{_STATIC}/{name}?v={static_file(name)[1]}"


@cache
def _environment(code: str) -> Environment:
    """Make the environment of a language; what it has compiled is kept for a process."""
    spoken = language(code)
    environment = Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        spoken.translations, newstyle=True
    )
    counted = _counted(environment.globals["ngettext"], spoken)
    environment.globals |= {"static": _static, "link": link, "ngettext": counted}
    filters: dict[str, Callable[..., str]] = {
        "say": spoken.say,
        "kind": lambda name: _capital(spoken.say(_kind(name))),
        "number": spoken.number,
        "money": spoken.money,
        "percent": spoken.percent,
        "span": spoken.span,
        "date": spoken.date,
        "clock": _clock,
        "base": base,
        "written": lambda words, most=0: _written(code, words, most),
        "layout": lambda words: _marked(words, layout_in_language(code, words)),
    }
    environment.filters |= filters
    return environment


def _written(code: str, words: str, most: int) -> Markup:
    """Say a sentence of the journal; one that has to stay English says that it is."""
    said = in_language(code, words)
    text = words if said is None else said
    if 0 < most < len(text):
        text = f"{text[:most].rpartition(' ')[0]}…"
    return _marked(text, None if said is None else text)


def _marked(words: str, said: str | None) -> Markup:
    """Write words in the language of the page; what it does not have says so."""
    if said is not None:
        return escape(said)
    if not any(each.isalpha() for each in words):  # a day, or an amount
        return escape(words)
    return Markup('<span lang="en">{}</span>').format(words)


def _moment(spoken: Language, at: float | None, visit: Visit) -> Markup:
    """Write a moment in the console's zone; a machine reads it in UTC."""
    if at is None:
        return Markup("")
    return _time(at, spoken.moment(at, visit.premises.zone), "")


def _ago(spoken: Language, at: float | None, visit: Visit) -> Markup:
    """Write how long ago it was; the exact moment shows when pointed at."""
    if at is None:
        return Markup("")
    exact = spoken.moment(at, visit.premises.zone, form="long")
    just = abs(at - visit.now) < 1  # "in 0 seconds" says nothing
    return _time(
        at, spoken.say("just now") if just else spoken.ago(at, visit.now), exact
    )


def _time(at: float, words: str, title: str) -> Markup:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    hint = Markup(' title="{}"').format(title) if title else Markup("")
    return Markup('<time datetime="{}"{}>{}</time>').format(stamp, hint, escape(words))
