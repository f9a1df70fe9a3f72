#!/usr/bin/env python3
"""-L: what is looked up under the prefix and what is not, asked of a guest that opens, stats, lists and executes paths.

  test_prefix.py ISOMORPH PROBE

PROBE (probe.c) is built for the guest. Each case names the rule of src/linux/paths.c that it holds to."""
import os
import subprocess
import sys
import tempfile

isomorph, probe = (os.path.realpath(p) for p in sys.argv[1:3])
count = failed = 0


def case(name, want, *words, options=(), cwd=None):
    global count, failed
    run = subprocess.run([isomorph, "-L", root, *options, probe, *words], cwd=cwd, capture_output=True, text=True,
                         timeout=60)
    have = run.stdout.strip()
    count += 1
    if have == want:
        print(f"ok {count} - {name}")
        return
    failed += 1
    print(f"not ok {count} - {name}\n# wanted: {want!r}\n# got:    {have!r} {run.stderr.strip()!r}")
    print(f"# {isomorph} -L {root} {probe} {' '.join(words)}")


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


with tempfile.TemporaryDirectory(prefix="isomorph-prefix.") as work:
    root = work + "/root"
    name = f"/isomorph-test-{os.getpid()}"  # no such file at the host's root
    write(root + "/etc" + name, "in the prefix\n")
    write(root + "/etc/passwd", "passwd of the prefix\n")
    write(root + "/proc" + name, "never seen\n")
    write(root + "/tmp" + name, "never seen\n")
    write(root + work + "/here", "only by its whole name\n")
    write(work + "/here", "of the host\n")
    os.symlink("/etc" + name, root + "/etc/absolute")
    os.symlink("../../../../etc" + name, root + "/etc/escaping")
    os.symlink("nowhere", root + "/etc/broken")
    os.makedirs(root + "/usr/bin")
    os.makedirs(root + "/only-in-prefix")
    os.symlink("usr/bin", root + "/bin")
    with open(probe, "rb") as f:
        open(root + "/usr/bin/probe", "wb").write(f.read())
    os.chmod(root + "/usr/bin/probe", 0o755)
    write(root + "/usr/bin/script", "#!/bin/probe echo\n", 0o755)

    case("a file that only the prefix has", "in the prefix", "cat", "/etc" + name)
    case("a file that both have is the prefix's", "passwd of the prefix", "cat", "/etc/passwd")
    host = open("/etc/hostname").read().strip() if os.path.exists("/etc/hostname") else None
    if host is not None:
        case("a file that only the host has", host, "cat", "/etc/hostname")
    case("an absolute link stays inside", "in the prefix", "cat", "/etc/absolute")
    case("a link cannot climb out", "in the prefix", "cat", "/etc/escaping")
    case("a broken link is a link", "link nowhere", "lstat", "/etc/broken")
    case("a broken link has no file", "ENOENT", "cat", "/etc/broken")
    case("stat", "file 14", "stat", "/etc" + name)
    case("lstat of a link in the prefix", f"link /etc{name}", "lstat", "/etc/absolute")
    case("access", "yes", "access", "/etc" + name)
    case("/proc is the host's", "ENOENT", "cat", "/proc" + name)
    case("/tmp is the host's", "ENOENT", "cat", "/tmp" + name)
    case("a relative path is the host's", "of the host", "cat", "here", cwd=work)
    case("a folder is listed", "absolute broken escaping " + name[1:] + " passwd", "list", "/etc")
    case("a new file is the host's", "ok", "create", work + "/new")
    case("it is there", "new", "cat", work + "/new")
    case("creating does not look into the prefix", "ENOENT", "create", "/only-in-prefix/new")
    case("writing to a file of the prefix is refused", "ENOENT", "append", "/etc" + name)
    case("removing a file of the prefix is refused", "ENOENT", "remove", "/etc" + name)
    case("a working directory that only the prefix has", root + "/only-in-prefix", "chdir", "/only-in-prefix")
    case("a working directory that both have is the host's", "/usr", "chdir", "/usr")
    case("a program in the prefix is executed", "echo: a b", "exec", "/bin/probe", "echo", "a", "b")
    case("a script in the prefix is executed", "echo: /usr/bin/script x", "exec", "/usr/bin/script", "x")
    case("the prefix survives an exec", "in the prefix", "exec", "/bin/probe", "cat", "/etc" + name)
    case("a relative prefix survives a change of directory", "in the prefix", "exec-from", "/", "/bin/probe", "cat",
         "/etc" + name, options=("-L", os.path.relpath(root)))
    case("/proc/self/exe", root + "/usr/bin/probe", "exec", "/bin/probe", "readlink", "/proc/self/exe")

print(f"1..{count}")
sys.exit(failed != 0)
