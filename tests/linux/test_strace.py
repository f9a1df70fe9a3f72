#!/usr/bin/env python3
"""-strace: lines as strace(1) prints them.

  test_strace.py ISOMORPH PROBE"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

isomorph, probe = sys.argv[1:3]
tap = Tap()


def trace(*words):
    log = tempfile.NamedTemporaryFile()
    subprocess.run([isomorph, "-D", log.name, "-strace", probe, *words], stdout=subprocess.PIPE,
                   stdin=subprocess.DEVNULL, timeout=60)
    return open(log.name).read()


def case(pattern, text):
    tap.result(re.search(r"^\d+ " + pattern + "$", text, re.M), pattern, text)


with tempfile.TemporaryDirectory() as work:
    path = work + "/file"
    with open(path, "w") as f:
        f.write('say "hi"\tand more than thirty-two bytes\n')
    os.symlink("file", work + "/link")
    text = trace("cat", path)
    case(rf'openat\(AT_FDCWD, "{path}", O_RDONLY\) = 3', text)
    case(r'read\(3, "say \\"hi\\"\\tand more than thirty-tw"\.\.\., 4096\) = 40', text)
    case(r'write\(1, "say \\"hi\\"\\tand more than thirty-tw"\.\.\., 40\) = 40', text)
    case(r'exit_group\(0\) = \?', text)
    case(r'brk\(NULL\) = 0x[0-9a-f]+', text)
    case(r'mprotect\(0x[0-9a-f]+, \d+, PROT_READ\) = 0', text)
    case(r'prlimit64\(0, RLIMIT_STACK, NULL, \{rlim_cur=[^}]*\}\) = 0', text)
    case(rf'openat\(AT_FDCWD, "{work}/none", O_RDONLY\) = -1 ENOENT \(No such file or directory\)',
         trace("cat", work + "/none"))
    case(rf'openat\(AT_FDCWD, "{work}/new", O_WRONLY\|O_CREAT\|O_EXCL, 0600\) = 3', trace("create", work + "/new"))
    case(rf'newfstatat\(AT_FDCWD, "{work}/link", \{{st_mode=S_IFLNK\|0777, st_size=4, \.\.\.\}}, AT_SYMLINK_NOFOLLOW\) = 0',
         trace("lstat", work + "/link"))
    case(rf'readlinkat\(AT_FDCWD, "{work}/link", "file", 4095\) = 4', trace("lstat", work + "/link"))
    case(rf'execve\("{work}/none", \["{work}/none"\], 0x[0-9a-f]+ /\* \d+ vars \*/\) = -1 ENOENT \(No such file or directory\)',
         trace("exec", work + "/none"))
    # What is refused: nothing is said of it unasked, for a guest's stderr is the guest's.
    said = ["system call swapon (224) is not implemented", "unknown system call 999", "ioctl 0x1234 is not known"]
    for options, times in (([], 0), (["-d", "unimp"], 1), (["-strace"], 1)):
        run = subprocess.run([isomorph, *options, probe, "refused"], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=60)
        good = [run.stderr.count(text) for text in said] == [times] * 3 and run.stdout == "ENOSYS ENOSYS ENOSYS ENOTTY\n"
        tap.result(good and (options or run.stderr == ""), f"what is refused is said {times} times with {options}",
                   run.stdout, run.stderr)
tap.finish()
