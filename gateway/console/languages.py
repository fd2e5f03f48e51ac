"""The languages of the console: catalogues, and how dates and numbers are written.

A catalogue is made of the `.po` files of `translations/<language>/`, one for each
room of pages; what no file translates stays in English.  What the layouts of files
call their records and fields has its own, beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen
from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from protocols import catalog

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "fr": "Français"}
"""Every language by its code, in its own name."""

_SENTENCES: Final = (
    "journal.po",
    "problems.po",
    "advice.po",
    "expected.po",
    "explained.po",
    "closing.po",
    "documents.po",
    "search.po",
    "refused.po",
    "channels.po",
)
_WRITTEN: Final = {"en": "en_GB", "fr": "fr_FR"}


@frozen
class Language:
    """How one language says words, moments and numbers."""

    code: str
    translations: NullTranslations
    locale: Locale

    def say(self, words: str) -> str:
        """Translate words of the program; words that no catalogue has stay."""
        return self.translations.gettext(words) if words else ""

    def moment(self, at: float, zone: ZoneInfo, *, form: str = "medium") -> str:
        """Write epoch seconds as a date and time in a zone."""
        return format_datetime(_datetime(at, zone), form, locale=self.locale)

    def day(self, at: float, zone: ZoneInfo) -> str:
        """Write epoch seconds as a day in a zone."""
        return format_datetime(_datetime(at, zone), "EEE d MMM y", locale=self.locale)

    def date(self, day: date) -> str:
        """Write a day that has no hour."""
        return format_date(day, "EEE d MMM y", locale=self.locale)

    def ago(self, at: float, now: float) -> str:
        """Write how far a moment is from now: "3 hours ago", "in 2 days"."""
        return format_timedelta(round(at - now), add_direction=True, locale=self.locale)

    def span(self, seconds: float) -> str:
        """Write how long something takes or took."""
        return format_timedelta(round(seconds), locale=self.locale)

    def number(self, value: float) -> str:
        """Write a number with the marks of the language."""
        return format_decimal(value, locale=self.locale)

    def money(self, cents: int) -> str:
        """Write an amount of cents, without a currency."""
        return format_decimal(cents / 100, "#,##0.00", locale=self.locale)

    def percent(self, share: float) -> str:
        """Write a share of 1 as percent, with one digit."""
        return format_percent(share, "#,##0.0 %", locale=self.locale)


@cache
def language(code: str) -> Language:
    """Return a language; its catalogue is read once for a process."""
    found: NullTranslations = NullTranslations()
    if code != "en":
        content = BytesIO()
        write_mo(content, _catalogue(code))
        content.seek(0)
        found = GNUTranslations(content)
    return Language(code, found, Locale.parse(_WRITTEN[code]))


@cache
def sentences(code: str) -> Mapping[str, str]:
    """Return the forms of what the journal holds, English to this language.

    What the networks' codes mean is among them, in the networks' own words.
    """
    found: dict[str, str] = {}
    for network in catalog.Catalog.installed().networks():
        if network.labels is not None:
            found |= network.labels.words(code)
    folder = resources.files("gateway.console") / "translations" / code
    for name in _SENTENCES:
        found |= _read(folder / name, code)
    return found


@cache
def layout_words(code: str) -> Mapping[str, str]:
    """Return what layouts call records, fields and values, English to this language."""
    folder = resources.files("protocols") / "layouts" / code
    files = folder.iterdir() if folder.is_dir() else ()
    found: dict[str, str] = {}
    for file in files:
        found |= _read(file, code)
    return found


def _read(file: Traversable, code: str) -> dict[str, str]:
    if not file.is_file():
        return {}
    room = read_po(BytesIO(file.read_bytes()), locale=code)
    return {str(each.id): str(each.string) for each in room if each.id and each.string}


def preferred(accepted: str) -> str:
    """Choose a language by an Accept-Language header; English where none fits."""
    for wanted in accepted.split(","):
        code = wanted.partition(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return "en"


def _catalogue(code: str) -> Catalog:
    """Put the files of a language together."""
    whole = Catalog(locale=code)
    folder = resources.files("gateway.console") / "translations" / code
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".po"):
            part = read_po(BytesIO(file.read_bytes()), locale=code)
            # Babel knows more plurals of some languages than the files have.
            whole.mime_headers = [("Plural-Forms", part.plural_forms)]
            for message in part:
                if message.id and message.string:
                    whole.add(message.id, message.string, context=message.context)
    return whole


def _datetime(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)
