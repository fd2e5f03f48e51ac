"""What a newcomer reads when the demo has begun: addresses, and what to try."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gateway.simulator.demo_setup import DemoHome


def welcome(
    home: DemoHome,
    places: Mapping[str, str],
    samples: Sequence[Path],
    call: str = "octway",
) -> Iterator[str]:
    """Say where everything listens, and how to try it by hand with samples.

    `call` is how this program is called from where the reader stands.
    """
    sftp, https = places["sftp"], places["https"]
    config = shlex.quote(str(home.config))
    yield "Octway demo: a gateway, simulated payers and simulated vendor software."
    yield "Everything stays on this machine; no payer, person or amount is real."
    yield ""
    yield "Faults are injected on purpose: payers lose files before they read them, do not"
    yield "know some senders, lose returns, and break their lines.  What does not come back"
    yield "is late after seconds and chased; see how."
    yield ""
    yield f"SFTP door       {sftp}"
    yield f"HTTPS door      https://{https}   documentation: https://{https}/docs"
    yield f"operations      http://{places['operations']}/metrics   and /readyz"
    yield f"staff console   https://{https}/console"
    yield f"staff login     {home.staff}   password {home.password}"
    yield f"folder          {home.folder}   (logs: gateway.log, payers.log)"
    yield ""
    yield "Try it by hand, in another terminal, as the client 'visitor':"
    yield f"  {sftp_command(home, sftp)}"
    for sample, network in zip(samples, home.visitor.networks, strict=True):
        put = f"put {shlex.quote(str(sample))} in/"
        yield f"    then: {put}   ls receipts   ls out/{network}"
    yield f"  {curl_command(home, https, samples[0])}"
    yield f"  {call} trace {samples[0].name} -c {config}"
    certificate, token = home.settings.https.certificate, home.visitor.token_file
    yield f"For a program of your own: certificate {certificate}"
    yield f"                           token       {token}"
    yield "docs/connect.md goes on from here, with programs to start from."
    yield ""
    yield "A client whose payers answer as you choose (docs/vendors.md, the sandbox):"
    yield f"  {call} client add acme-test --test --token -c {config}"
    yield ""
    yield "See what is done about missing answers, and what a person must see:"
    yield from (f"  {each}" for each in hints(home.config, call))
    yield ""


def hints(config: Path, call: str = "octway") -> Iterator[str]:
    """Yield the commands that tell what tracking did."""
    for words in ("remedy list", "report remedies", "anomaly list --all"):
        yield f"{call} {words} -c {shlex.quote(str(config))}"


def how_called(python: Path, here: Path, found: str | None) -> str:
    """Return the words that call this very program from a folder.

    It is `octway` where a shell has `found` one, else the one beside `python`.
    """
    beside = python.with_name("octway")
    if found is not None or not beside.exists():
        return "octway"
    known = beside.relative_to(here) if beside.is_relative_to(here) else beside
    return shlex.quote(str(known))


def sftp_command(home: DemoHome, where: str) -> str:
    """Return the command line that logs the visitor in with OpenSSH's client."""
    host, _, port = where.rpartition(":")
    known = home.folder / "known_hosts"
    words = [
        *("sftp", "-P", port, "-i", str(home.visitor.key_file)),
        *("-o", f'UserKnownHostsFile="{known}"', "-o", "IdentitiesOnly=yes"),
        f"{home.visitor.id}@{host}",
    ]
    return shlex.join(words)


def curl_command(home: DemoHome, where: str, sample: Path) -> str:
    """Return the command line that sends the sample over HTTPS."""
    words = [
        *("curl", "--cacert", str(home.settings.https.certificate)),
        *("-H", f"Authorization: Bearer {home.visitor.token}"),
        *("--data-binary", f"@{sample}"),
        f"https://{where}/v1/deposits?filename={sample.name}",
    ]
    return shlex.join(words)
