"""A real mail provider on loopback: Postfix for SMTP, Dovecot for IMAP and POP3.

Both run from a folder of their own, on free ports, with a certificate made on the
spot; both want TLS and a login.  Postfix hands what is for its domains to Dovecot and
writes delivery reports itself.  It serves us and three funds, one of whom has a mailbox
that is full.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from protocols.mycarenet.genasync_certificates import Authority

DOMAIN: Final = "concentrator.example"
OURS: Final = f"octway@{DOMAIN}"
PASSWORD: Final = "an invented password"
FULL: Final = "01991@991.01.rss.fr"
ACCOUNTS: Final = (OURS, "01990@990.01.rss.fr", FULL)
_PROGRAMS: Final = ("postfix", "dovecot", "postconf")
_MASTER_PID: Final = "queue/pid/master.pid"
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
_DOVECOT: Final = """
protocols = imap pop3 lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
auth_username_format = %u
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
mail_plugins = quota
quota_full_tempfail = no
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=1G
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imap}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
"""
_POSTFIX: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.{domain}
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {domain}, 990.01.rss.fr, 991.01.rss.fr, 992.01.rss.fr
virtual_transport = lmtp:unix:{folder}/run/lmtp
message_size_limit = 200000
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/run/auth-postfix
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
_MASTER: Final = """
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Say why this machine can have no such provider; empty if it can."""
    if os.geteuid() != 0:
        return "Postfix and Dovecot start as root only"
    gone = [each for each in _PROGRAMS if shutil.which(each, path=_PATH) is None]
    parts = ("imap", "pop3", "lmtp")
    gone += [
        f"dovecot-{each}d"
        for each in parts
        if not Path("/usr/lib/dovecot", each).exists()
    ]
    return f"not installed: {', '.join(gone)}" if gone else ""


class MailServer:
    """The provider; `stop` ends it, and `start` starts it again in its place."""

    def __init__(self) -> None:
        # Where its daemons, who are not root, may look; a test's own folder is closed.
        self.folder = Path(tempfile.mkdtemp(prefix="octway-mail-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder, now=time.time())
        self.smtp, self.imap, self.pop3 = (free_port() for _ in range(3))
        self._running: list[subprocess.Popen[bytes]] = []
        before = os.umask(0o022)  # the program under test closes what it writes
        try:
            self._write()
        finally:
            os.umask(before)
        self.start()

    def start(self) -> None:
        """Start both and wait until both answer."""
        folder = self.folder
        environment = {**os.environ, "PATH": _PATH, "MAIL_CONFIG": str(folder / "etc")}
        for command in (
            ["dovecot", "-F", "-c", str(folder / "dovecot.conf")],
            ["postfix", "-c", str(folder / "etc"), "start-fg"],
        ):
            with (folder / f"{command[0]}.out").open("ab") as out:
                self._running.append(
                    subprocess.Popen(
                        command,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=out,
                        start_new_session=True,
                        umask=0o022,
                    )
                )
        for port in (self.imap, self.pop3, self.smtp):
            if not listens(port):
                logs = self.logs()
                self.close()
                raise AssertionError(f"nothing listens on port {port}\n{logs}")

    def stop(self) -> None:
        """End both, and what they started."""
        with suppress(
            OSError, ValueError
        ):  # Postfix's own master is in no group of ours
            os.kill(int((self.folder / _MASTER_PID).read_text()), signal.SIGTERM)
        for each in self._running:
            os.killpg(each.pid, signal.SIGTERM)
        for each in self._running:
            try:
                each.wait(2)
            except subprocess.TimeoutExpired:
                os.killpg(each.pid, signal.SIGKILL)
                each.wait(5)
        self._running.clear()

    def close(self) -> None:
        """End it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def mails(self, account: str, *, folder: str = "") -> list[bytes]:
        """Read what lies in an account's mailbox, oldest first."""
        box = self.folder / "mail" / account
        box = box / f".{folder}" if folder else box
        found = [*(box / "new").glob("*"), *(box / "cur").glob("*")]
        return [each.read_bytes() for each in sorted(found)]

    def wait_for_mails(
        self, account: str, count: int, seconds: float = 8.0
    ) -> list[bytes]:
        """Wait until so many mails lie there."""
        until = time.monotonic() + seconds
        while len(found := self.mails(account)) < count:
            if time.monotonic() > until:
                raise AssertionError(f"{account} has {len(found)} mails\n{self.logs()}")
            time.sleep(0.02)
        return found

    def logs(self) -> str:
        """Return what both said, for a failed test."""
        names = ("postfix.log", "dovecot.log", "postfix.out", "dovecot.out")
        files = (self.folder / name for name in names)
        return "\n".join(
            file.read_text(errors="replace")[-4000:] for file in files if file.exists()
        )

    def _write(self) -> None:
        pair = self.authority.server()
        values = {
            "folder": self.folder,
            "certificate": pair.certificate,
            "key": pair.key,
            "domain": DOMAIN,
            "smtp": self.smtp,
            "imap": self.imap,
            "pop3": self.pop3,
        }
        users = [f"{each}:{{PLAIN}}{PASSWORD}::::::" for each in ACCOUNTS]
        users[-1] += "userdb_quota_rule=*:bytes=10"
        (self.folder / "users").write_text("\n".join(users) + "\n")
        (self.folder / "dovecot.conf").write_text(_DOVECOT.format(**values))
        for name in ("etc", "mail", "queue", "data", "run", "state"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "mail", "nobody", "nogroup")
        shutil.chown(self.folder / "data", "postfix", "postfix")
        (self.folder / "etc" / "main.cf").write_text(_POSTFIX.format(**values))
        (self.folder / "etc" / "master.cf").write_text(_MASTER.format(**values))


def listens(port: int, seconds: float = 10.0) -> bool:
    """Wait until something listens on a port; False if nothing does in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
