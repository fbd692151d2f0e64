"""A project on the disk, a mail server that counts, and the invariants of sending, for the slow suites."""

import collections
import os
import shutil
import socketserver
import sqlite3
import subprocess
import tempfile
import threading
import time

SCN = os.environ["SCN"]


class Sink:
    """Takes every mail, and writes down whom it was for and its Message-ID, in order."""

    def __init__(self, delay=0.0):
        self.mails, self.delay = [], delay
        sink = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    sink.serve(self)
                except OSError:
                    pass  # A client that is killed goes away without a word.

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Session)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, session):
        def say(text):
            session.wfile.write(text.encode() + b"\r\n")

        say("220 sink.example ESMTP")
        recipient = ""
        while line := session.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().split("<")[1].split(">")[0]
            if verb == b"EHLO":
                say("250-sink.example\r\n250 8BITMIME")
            elif verb == b"QUIT":
                return say("221 bye")
            elif verb == b"DATA":
                say("354 go on")
                message_id = ""
                while (line := session.rfile.readline()) != b".\r\n":
                    if not line:
                        return
                    if line.lower().startswith(b"message-id:"):
                        message_id = line.split(b":", 1)[1].strip().decode()
                self.mails.append((recipient, message_id))
                time.sleep(self.delay)
                say("250 2.0.0 taken")
            else:
                say("250 2.0.0 ok")


class Project:
    """One scenario that sends at once; a contact an address, each of whom has just subscribed."""

    def __init__(self, port, count, connections=4, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="scn-slow-")
        os.makedirs(self.path("templates"), exist_ok=True)
        self.write("hello.scn", 'when subscribed list is "news" send email hello\n')
        self.write("templates/hello.email.txt", "---\nsubject: hello\n---\nhello\n")
        self.configure(port, connections)
        db = sqlite3.connect(self.path("crm.db"))
        db.executescript(
            """CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
               CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, list TEXT);
               CREATE INDEX subscribed_contact ON subscribed(contact);"""
        )
        expect(self.run(), 0)
        # A row is dated in whole seconds, and must not be before the start.
        time.sleep(1.05)
        for each in range(count):
            db.execute("INSERT INTO contact VALUES (?, ?)", (each, f"c{each}@example.com"))
            db.execute("INSERT INTO subscribed VALUES (?, ?, ?, 'news')", (each, each, int(time.time())))
        db.commit()
        db.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def configure(self, port, connections):
        self.write(
            "scn.toml",
            f"""crm = "crm.db"
state = "state/state.db"
[channels.email]
from = "Shop <shop@example.com>"
[channels.email.server]
host = "127.0.0.1"
port = {port}
tls = "none"
connections = {connections}
""",
        )
        os.makedirs(self.path("state"), exist_ok=True)

    def copy(self):
        """The same project in another folder."""
        other = object.__new__(Project)
        other.folder = tempfile.mkdtemp(prefix="scn-slow-")
        shutil.copytree(self.folder, other.folder, dirs_exist_ok=True)
        return other

    def start(self, *before):
        command = [*before, SCN, "run", "--once"]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *before):
        """Runs once, after the words of another command; gives the exit code and what was said."""
        process = self.start(*before)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def rows(self):
        """Address and state of each message; of one that was never claimed, the address is None."""
        db = sqlite3.connect(self.path("state/state.db"))
        expect(db.execute("PRAGMA quick_check").fetchone()[0], "ok")
        rows = db.execute("SELECT address, state, message_id FROM scn_outbox").fetchall()
        db.close()
        return rows

    def states(self):
        return dict(collections.Counter(state for _, state, _ in self.rows()))

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def expect(found, wanted):
    found = found[0] if isinstance(found, tuple) and isinstance(wanted, int) else found
    if found != wanted:
        raise SystemExit(f"expected {wanted!r}, found {found!r}")


def judge(project, mails, count, uncertain_max):
    """Nothing doubled, nothing lost, nothing unrecorded; `uncertain` only in the window."""
    taken = collections.Counter(recipient for recipient, _ in mails)
    doubled = {recipient: times for recipient, times in taken.items() if times > 1}
    rows = project.rows()
    states = {address: state for address, state, _ in rows}
    lost = [address for address, state in states.items() if state not in ("accepted", "uncertain")]
    unsent = [address for address, state in states.items() if state == "accepted" and address not in taken]
    unrecorded = [recipient for recipient in taken if states.get(recipient) not in ("accepted", "uncertain")]
    uncertain = sum(state == "uncertain" for state in states.values())
    if doubled or lost or unsent or unrecorded or len(rows) != count or uncertain > uncertain_max:
        raise SystemExit(
            f"{len(rows)} of {count} messages, doubled {doubled}, lost {lost}, recorded and not sent {unsent}, "
            f"unrecorded {unrecorded}, uncertain {uncertain} of at most {uncertain_max}; kept in {project.folder}"
        )
    return uncertain
