"""What the system calls say: their order, a process killed at exactly the n-th of them, and a disk that refuses."""

import re
import time

from sending import Project, Sink, expect, judge

COUNT = 6
POINTS = 30


def order():
    """Before each final dot there is an fsync since its DATA."""
    sink = Sink()
    project = Project(sink.port, 40, connections=1)
    trace = project.path("trace")
    calls = "trace=sendto,write,fsync,fdatasync"
    expect(project.run("strace", "-f", "-o", trace, "-s", "16", "-e", calls), 0)
    synced, dots = None, 0
    with open(trace, encoding="utf-8") as lines:
        for line in lines:
            if '"DATA\\r\\n"' in line:
                synced = False
            elif re.search(r"\bf(data)?sync\(\d+\) += 0", line):
                synced = True
            elif '".\\r\\n"' in line:
                dots += 1
                if not synced:
                    raise SystemExit(f"a final dot without an fsync since its DATA: {line}")
    expect(dots, 40)
    print(f"{dots} of {dots} final dots come after an fsync since their DATA")
    project.remove()


def sweep():
    """Kills at the n-th call, counted in each thread, and lets another run end it."""
    sink = Sink()
    model = Project(sink.port, COUNT, connections=2)
    points = fired = uncertain = 0
    for call in ("sendto", "fsync", "pwrite64"):
        for place in range(1, POINTS + 1):
            sink.mails.clear()
            project = model.copy()
            code, _ = project.run(
                "strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={place}"
            )
            killed = code not in (0, 75)
            code, said = project.run()
            if code != 0:
                raise SystemExit(f"{call} {place}: {said}")
            uncertain += judge(project, sink.mails, COUNT, 2 * killed)
            points, fired = points + 1, fired + killed
            project.remove()
    model.remove()
    print(f"{points} points, {fired} fired: none doubled, none lost, none unrecorded, {uncertain} uncertain")
    if fired < POINTS:
        raise SystemExit("too few points fired")


def refused():
    """An fsync that fails stops the run before the message leaves; when the disk is well again, it completes."""
    sink = Sink()
    model = Project(sink.port, COUNT, connections=1)
    stopped = 0
    for place in range(1, 25):
        sink.mails.clear()
        project = model.copy()
        inject = f"inject=fsync,fdatasync:error=EIO:when={place}"
        code, said = project.run("strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject)
        if code not in (0, 74):
            raise SystemExit(f"fsync {place}: {code} {said}")
        stopped += code == 74
        code, said = project.run()
        if code != 0:
            raise SystemExit(f"after fsync {place}: {said}")
        judge(project, sink.mails, COUNT, 2)
        project.remove()
    model.remove()
    print(f"24 places where fsync fails: {stopped} stop the run, none doubled, none lost")
    if stopped < 8:
        raise SystemExit("too few stop it")


began = time.monotonic()
order()
sweep()
refused()
print(f"{time.monotonic() - began:.0f} s")
