"""Runs `scn simulate` on terminals of several kinds and looks at what is shown.

Usage: terminal.py SCN PATH
"""

import fcntl
import os
import pty
import struct
import sys
import termios

SCN, PATH = sys.argv[1:]
BLOCKS = set("▁▂▃▄▅▆▇█")


def shown(columns, locale, both):
    """What comes on a terminal; standard output alone where not `both`, standard error being a pipe."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    environment |= {"LANG": locale, "TERM": "xterm-256color"}
    child, terminal = pty.fork()
    if child == 0:
        if not both:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execve(SCN, [SCN, "simulate", PATH], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    text = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        text += read
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, text.decode()
    return text.decode()


wide = shown(120, "C.UTF-8", True)
assert " events" in wide and "simulating" in wide, wide
lines = [line for line in wide.split("sent each month, ", 1)[1].splitlines() if BLOCKS & set(line)]
assert len(lines) > 15, wide
print(f"a bar, and {len(lines)} sparklines: {lines[0].strip()}")

quiet = shown(120, "C.UTF-8", False)
assert "simulating" not in quiet and "sent each month" in quiet, quiet
print("no bar where standard error is no terminal")

for columns, locale in [(30, "C.UTF-8"), (120, "C")]:
    plain = shown(columns, locale, False)
    assert "would be sent" in plain and not BLOCKS & set(plain), plain
print("no sparklines on a narrow terminal, nor where there are no such letters")
