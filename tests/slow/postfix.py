"""A private Postfix as the relay: what it accepted is delivered once, whatever happens to us. And Debian's smtp-sink."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

from sending import Project, Sink, expect, judge

COUNT = 600


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.1)


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Postfix:
    """A real queue of its own, on a port of this machine; what it takes it hands to `next_port`."""

    def __init__(self, next_port):
        self.folder, self.port = tempfile.mkdtemp(prefix="scn-postfix-"), free_port()
        os.chmod(self.folder, 0o755)
        etc = self.path("etc")
        for name in ("etc", "queue", "data", "log"):
            os.mkdir(self.path(name))
        shutil.chown(self.path("data"), "postfix", "postfix")
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": self.path("queue"),
            "data_directory": self.path("data"),
            "maillog_file": self.path("log/mail.log"),
            "maillog_file_prefixes": self.folder,
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "relay.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "disable_dns_lookups": "yes",
            "smtp_host_lookup": "native",
            "relayhost": f"[127.0.0.1]:{next_port}",
            "alias_maps": "",
            "alias_database": "",
        }
        with open(os.path.join(etc, "main.cf"), "w", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        with open("/usr/share/postfix/master.cf.dist", encoding="utf-8") as dist:
            lines = [self.service(line) for line in dist]
        with open(os.path.join(etc, "master.cf"), "w", encoding="utf-8") as file:
            file.writelines(lines)
        shutil.copy("/usr/share/postfix/main.cf.dist", self.path("etc/main.cf.proto"))
        self.control("start")
        wait_for("Postfix", lambda: answers(self.port))

    def service(self, line):
        """A line of master.cf: our port, and nothing in a changed root."""
        fields = line.split()
        if line.startswith(("#", " ", "\t")) or len(fields) < 8:
            return line
        if fields[0] == "smtp" and fields[1] == "inet":
            fields[0] = f"127.0.0.1:{self.port}"
        fields[4] = "n"
        return " ".join(fields) + "\n"

    def path(self, name):
        return os.path.join(self.folder, name)

    def control(self, word):
        subprocess.run(["postfix", "-c", self.path("etc"), word], check=True, capture_output=True)

    def queue(self):
        """How many mails wait."""
        return sum(len(files) for name in ("incoming", "active", "deferred", "maildrop") for _, _, files in
                   os.walk(self.path(f"queue/{name}")))

    def stop(self):
        self.control("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def over_postfix(kills):
    """Kills some runs, and Postfix itself once, then lets all come to an end."""
    sink = Sink()
    relay = Postfix(sink.port)
    try:
        project = Project(relay.port, COUNT)
        choice = random.Random(7)
        for each in range(kills):
            process = project.start()
            time.sleep(choice.uniform(0.05, 0.5))
            process.kill()
            process.communicate()
            if each == 1:
                relay.control("stop")
                relay.control("start")
                wait_for("Postfix again", lambda: answers(relay.port))
        began = time.monotonic()
        code, said = project.run()
        took = time.monotonic() - began
        if code not in (0, 75):
            raise SystemExit(said)
        wait_for("the queue to be empty", lambda: relay.queue() == 0)
        # What met a relay that was down is tried again in some minutes; the test does not wait for it.
        states = project.states()
        if states.get("deferred"):
            raise SystemExit(f"some are deferred: {states}")
        uncertain = judge(project, sink.mails, COUNT, kills * 4)
        ids = [message_id for _, message_id in sink.mails]
        expect(len(ids), len(set(ids)))
        accepted = {message_id for _, state, message_id in project.rows() if state == "accepted"}
        missing = accepted - {message_id.strip("<>") for message_id in ids} - set(ids)
        expect(missing, set())
        print(f"{COUNT} messages, {kills} kills: {len(ids)} delivered, each once, {uncertain} uncertain; "
              f"the last run took {took:.1f} s")
        project.remove()
    finally:
        relay.stop()


def over_smtp_sink():
    port = free_port()
    server = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"])
    try:
        wait_for("smtp-sink", lambda: answers(port))
        project = Project(port, COUNT)
        expect(project.run(), 0)
        expect(project.states(), {"accepted": COUNT})
        print(f"{COUNT} messages over smtp-sink")
        project.remove()
    finally:
        server.kill()


over_smtp_sink()
over_postfix(0)
over_postfix(12)
