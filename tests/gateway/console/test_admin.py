"""What administrators do, and what others may not even ask."""

from __future__ import annotations

import pytest

from config.directory_difference import differences
from gateway.house import note_directory
from gateway.journal import directories
from gateway.pinning import in_force
from tests.gateway.console.browser import PASSWORD, Console
from tests.gateway.steps.site import Site

PAGES = (
    "/console/admin",
    "/console/admin/staff",
    "/console/admin/staff/viewer-1",
    "/console/admin/staff/nobody",
    "/console/admin/sessions",
    "/console/admin/directory",
    "/console/admin/directory/nothing",
)


@pytest.mark.parametrize("role", ["viewer", "operator", "supervisor"])
def test_who_may_not_look_learns_nothing(console: Console, role: str) -> None:
    """Existing and missing are refused alike, and that it was asked for is noted."""
    browser = console.browser(role)
    said = {(browser.get(page).status, browser.text) for page in PAGES}
    assert len(said) == 1
    assert said.pop()[0] == 403

    admin = console.browser("admin")
    admin.get(f"/console/admin/audit?who={role}-1&kind=staff.")
    assert admin.text.count("staff.refused") == len(PAGES)


def test_an_auditor_sees_and_changes_nothing(console: Console) -> None:
    """Every page of the administration shows, no form of it acts."""
    console.account("lea", "viewer")
    auditor = console.browser("auditor")
    assert auditor.get("/console/admin/staff/lea").status == 200
    assert not auditor.page.xpath("//main//form[@method='post']")
    proof = {"proof": auditor.page.xpath("//input[@name='proof']/@value")[0]}
    got = auditor.post("/console/admin/staff/lea/role", {"role": "admin"} | proof)
    assert got.status == 403


def test_an_account_is_opened_and_its_password_shown_once(console: Console) -> None:
    """The new person logs in with what the administrator was shown."""
    admin = console.browser("admin")
    admin.get("/console/admin/staff")
    admin.send("/console/admin/staff", name="zoe", role="operator")
    (password,) = admin.page.xpath("//main//code/text()")

    browser = console.browser()
    browser.login("zoe", password)

    assert browser.at == "https://door/console"
    admin.get("/console/admin/staff/zoe")
    assert password not in admin.got.body.decode()


@pytest.mark.parametrize("name", ["", "Zoé", "a b", "../x", "x" * 65, "<script>"])
def test_a_name_that_cannot_be_is_refused_with_what_was_typed(
    console: Console, name: str
) -> None:
    """The page comes again, and says what a name may have."""
    admin = console.browser("admin")
    admin.get("/console/admin/staff")
    got = admin.send("/console/admin/staff", name=name, role="viewer")
    assert got.status == 422
    assert admin.page.xpath("//input[@id='name']/@value") == [name]


def test_nobody_lifts_himself_up(console: Console) -> None:
    """An administrator changes others, never the own account."""
    admin = console.browser("admin")
    admin.get("/console/admin/staff/admin-1")
    proof = {"proof": admin.page.xpath("//input[@name='proof']/@value")[0]}
    for action in ("role", "state", "code", "password"):
        got = admin.post(f"/console/admin/staff/admin-1/{action}", proof)
        assert got.status == 403, action


def test_closing_an_account_ends_its_sessions(console: Console) -> None:
    """At once, on every node."""
    console.account("lea", "viewer")
    browser, admin = console.browser(), console.browser("admin")
    browser.login("lea", PASSWORD)
    admin.get("/console/admin/staff/lea")
    admin.send("/console/admin/staff/lea/state", state="closed")

    browser.get("/console")
    assert "/console/login" in browser.at
    assert browser.login("lea").status == 401


def test_what_was_done_is_found_by_person_and_by_thing(console: Console) -> None:
    """Newest first, a screen at a time, none skipped or shown twice."""
    admin = console.browser("admin")
    for number in range(60):
        console.account(f"person-{number:02}", "viewer")
    admin.get("/console/admin/audit?who=test&kind=staff.")
    seen = admin.page.xpath("//tbody//td[4]//code/text()")
    (following,) = admin.page.xpath("//a[@rel='next']/@href")
    admin.get(following)
    seen += admin.page.xpath("//tbody//td[4]//code/text()")

    people = [each for each in seen if each.startswith("person-")]
    assert people == [f"person-{number:02}" for number in reversed(range(60))]


def test_a_forged_cursor_is_refused(console: Console) -> None:
    """It never reaches the database."""
    admin = console.browser("admin")
    for cursor in ("x", "W10", "eyJhIjoxfQ", "a" * 600, "WyJhdWRpdCIsIm5hbiJd"):
        assert admin.get(f"/console/admin/audit?after={cursor}").status == 400


def test_an_older_directory_can_be_put_in_force_and_let_go(
    site: Site, console: Console
) -> None:
    """Every node uses it whatever the files say, until the files are followed again."""
    database, files = site.gateway.database, site.directory().data
    database.write("note", note_directory, files)
    old = files.version
    later = files
    admin = console.browser("admin")
    admin.get(f"/console/admin/directory/{old}")
    admin.post(
        f"/console/admin/directory/{old}/pin",
        {
            "why": "the new windows are wrong",
            "proof": admin.page.xpath("//input[@name='proof']/@value")[0],
        },
    )
    pin = database.read(directories.pinned)
    assert pin is not None
    assert (pin.version, pin.by) == (old, "admin-1")
    assert in_force(database, later, site.networks, site.folder).version == old
    assert "the new windows are wrong" in admin.text

    admin.send("/console/admin/directory/follow", why="mended")
    assert database.read(directories.pinned) is None


def test_differences_are_told_by_file_and_key() -> None:
    """A person reads what changed, not two files."""
    before = {
        "a.toml": {"payer": {"id": "a", "codes": [{"code": "1"}]}},
        "gone.toml": {},
    }
    after = {"a.toml": {"payer": {"id": "b", "codes": [{"code": "2"}]}}, "new.toml": {}}
    told = [tuple(each) for each in differences(before, after)]
    assert told == [
        ("a.toml", "payer.codes code=1", "removed", "a row", ""),
        ("a.toml", "payer.codes code=2", "added", "", "a row"),
        ("a.toml", "payer.id", "changed", "a", "b"),
        ("gone.toml", "", "removed", "", ""),
        ("new.toml", "", "added", "", ""),
    ]
