"""The disk of the state is full, from the start and in the middle: it stops, and when there is room it completes."""

import os
import subprocess
import time

from sending import Project, Sink, expect, judge

COUNT = 1500


def fill(path):
    """Takes all the room there is."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def full(after):
    """Fills the disk so many seconds after the beginning, and frees it when the run has stopped."""
    sink = Sink(delay=0.002)
    project = Project(sink.port, COUNT)
    state, ballast = project.path("state"), project.path("state/ballast")
    kept = {name: open(os.path.join(state, name), "rb").read() for name in os.listdir(state)}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", state], check=True)
    try:
        for name, content in kept.items():
            with open(os.path.join(state, name), "wb") as file:
                file.write(content)
        if after is None:
            fill(ballast)
        process = project.start()
        if after is not None:
            time.sleep(after)
            while process.poll() is None:
                fill(ballast)
                time.sleep(0.01)
        said, _ = process.communicate()
        before = len(sink.mails)
        expect((process.returncode, said), 74)
        if "no space is left" not in said:
            raise SystemExit(said)
        os.remove(ballast)
        code, said = project.run()
        if code != 0:
            raise SystemExit(said)
        uncertain = judge(project, sink.mails, COUNT, 4)
        print(f"full {'at the start' if after is None else 'in the middle'}: {before} of {COUNT} sent before it stopped, "
              f"then all; {uncertain} uncertain, none doubled")
        if after is None:
            expect(before, 0)
    finally:
        subprocess.run(["umount", state], check=True)
        project.remove()


full(None)
full(0.4)
full(0.9)
