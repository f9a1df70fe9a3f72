"""Running a row in one way or another: Bench has what all rows need (sysroots, compiled kernels, a work folder), Way is
native, QEMU or an isomorph. Bench.check() runs a row once for its output and its peak memory, Bench.time() once more
under hyperfine.

Native programs run with the unpacked amd64 packages as their root (tests/programs/in-root); hyperfine and peak go in
with them, so that entering it is not measured. All else runs on the machine as it is, with -L. Every program starts in
the same folder below /tmp, with the same environment.

run_tool(), Parser and describe_machine() are for the commands that use it."""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

import rows

SOURCE = pathlib.Path(__file__).resolve().parent.parent
HERE = SOURCE / "bench"
# The same for both machines: no vectors, no contraction of floating point, sqrt as an instruction.
FLAGS = "-O2 -static -fno-tree-vectorize -ffp-contract=off -fno-math-errno".split()
COMPILERS = {"amd64": "gcc", "riscv64": "riscv64-linux-gnu-gcc"}
SECONDS = 300  # that a run may take

# kind: native, qemu or isomorph. words: what goes before the guest's program.
Way = collections.namedtuple("Way", "name kind words")


class Failure(Exception):
    """What the user is told in one line."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        print(f"{self.prog}: {message}; {self.prog} --help explains", file=sys.stderr)
        sys.exit(2)

    def check_build(self, build):
        if not os.access(build / "isomorph", os.X_OK):
            self.error(f"{build} has no isomorph: build it first")


def run_tool(name, main):
    """Runs a command's main(); what goes wrong is told in one line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of what cleans up
    try:
        main()
    except Failure as failure:
        sys.exit(f"{name}: {failure}")
    except OSError as error:
        sys.exit(f"{name}: {error.filename or 'output'}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


def describe_machine():
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (AttributeError, OSError):  # before Python 3.10; no such file
        system = "unknown"
    return {"processor": fields.get("model name", "unknown"), "virtual": "hypervisor" in fields.get("flags", ""),
            "processors": len(os.sched_getaffinity(0)), "memory_gib": round(memory / 2**30, 1),
            "kernel": platform.release(), "system": system, "load": round(os.getloadavg()[0], 2)}


def processor_seconds():
    """(all that passed on this machine's processors, of it busy ones, of it ours: this process and its children)"""
    fields = pathlib.Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]  # proc(5)
    ticks = os.sysconf("SC_CLK_TCK")
    user, nice, system, idle, iowait, *rest = (int(n) / ticks for n in fields)
    return user + nice + system + idle + iowait + sum(rest), user + nice + system + sum(rest), sum(os.times()[:4])


class Others:
    """What share of the processors' time other work took since this was made (of a virtual machine: other machines, too)."""

    def __init__(self):
        self.start = processor_seconds()

    def share(self):
        passed, busy, ours = (now - then for now, then in zip(processor_seconds(), self.start))
        return round(max(0.0, busy - ours) / passed, 3) if passed else 0.0


def describe_isomorph(build):
    """Its version, and the commit of the source here."""
    versions = {"isomorph": output_of(build / "isomorph", "--version").split()[1]}
    try:
        versions["commit"] = output_of("git", "-C", SOURCE, "describe", "--always", "--dirty")
    except Failure:
        pass  # a source archive
    return versions


def output_of(*words):
    """What a command prints; a Failure with its last line on stderr if it fails."""
    try:
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    except OSError as error:
        raise Failure(f"{words[0]}: {error.strerror}") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise Failure(f"{pathlib.Path(words[0]).name}: {lines[-1]}")
    return done.stdout.strip()


def need(name, purpose):
    path = shutil.which(name)
    if not path:
        raise Failure(f"{name} is not installed ({purpose}); `scripts/deps bench` installs what is missing")
    return path


def version_of(qemu):
    return re.search(r"version (\S+)", output_of(qemu, "--version")).group(1)


def newest_qemu(fetched):
    """The newest of what Debian 13 has, unpacked, and what is installed."""
    found = [fetched] + [w for w in map(shutil.which, ("qemu-riscv64", "qemu-riscv64-static")) if w]
    return str(max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", version_of(path))]))


class Bench:
    """What all rows need. A context manager: the work folder goes with it."""

    def __init__(self, build, needs_packages, with_qemu, qemu=None):
        self.build = build
        self.hyperfine = need("hyperfine", "it takes the times")
        packages = rows.PACKAGES if needs_packages else ["bash", "coreutils"]
        self.roots = {arch: self.unpack("debian-" + arch, arch, *packages) for arch in COMPILERS}
        self.qemu = None
        if with_qemu and qemu:
            self.qemu = need(qemu, "--qemu")
        elif with_qemu:
            file = "usr/bin/qemu-riscv64"
            root = self.unpack("qemu", output_of("dpkg", "--print-architecture"), "--only", file, "qemu-user")
            self.qemu = newest_qemu(root / file)

    def unpack(self, name, arch, *words):
        output_of(SOURCE / "scripts/test-packages", self.build, name, arch, *words)
        return self.build / "sysroots" / name

    def package_versions(self):
        """Of the packages that the rows name, the same for both machines but for a rebuild (+b1, cross1)."""
        found = {}
        for arch, root in self.roots.items():
            lines = output_of(SOURCE / "tools/sysroot/sysroot", "list", root).splitlines()
            listed = dict(line.split()[:2] for line in lines)
            for name in rows.PACKAGES:
                version = re.sub(r"(\+b|cross)\d+$", "", listed[name])
                if found.setdefault(name, version) != version:
                    raise Failure(f"{name} is {found[name]} for one machine and {version} for the other")
        return found

    def compile_all(self, folder):
        versions = {output_of(need(c, "it compiles the kernels"), "-dumpfullversion") for c in COMPILERS.values()}
        if len(versions) > 1:
            raise Failure(f"the kernels need one compiler for both machines, not gcc {' and '.join(sorted(versions))}")
        for arch, compiler in COMPILERS.items():
            output_of(compiler, *FLAGS, "-o", folder / f"kernels-{arch}", HERE / "kernels.c", "-lm")
        output_of("gcc", "-O2", "-static", "-o", folder / "peak", HERE / "peak.c")
        if self.qemu:
            output_of("gcc", "-O2", "-static", f'-DQEMU="{self.qemu}"', f'-DROOT="{self.roots["riscv64"]}"', "-o",
                      folder / "child", HERE / "child.c")

    def __enter__(self):
        # Natively too: in-root has the machine's /tmp.
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="isomorph-bench.", dir="/tmp"))
        try:
            self.fill(self.place / "tools")
            output_of(SOURCE / "tests/programs/in-root", self.roots["amd64"], self.place, "/usr/bin/true")
        except BaseException:
            self.__exit__()
            raise
        return self

    def fill(self, tools):
        tools.mkdir()
        shutil.copy(self.hyperfine, tools)
        self.compile_all(tools)
        if self.qemu:
            (tools / "path").mkdir()
            for file in (self.roots["riscv64"] / "usr/bin").iterdir():
                (tools / "path" / file.name).symlink_to("../child")

    def __exit__(self, *_):
        shutil.rmtree(self.place, ignore_errors=True)

    # ---- one row -----------------------------------------------------------------------------------------------------

    def size(self, row, tiny):
        return row.tiny if tiny else row.size

    def prepare(self, row, tiny):
        """Puts the row's files into an empty work folder."""
        work = self.place / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        for file in row.files:
            if isinstance(file, str):
                shutil.copy(HERE / "work" / file, work)
            else:
                name, make, size = file
                (work / name).write_bytes(make(size or self.size(row, tiny)))

    def command(self, row, way, tiny):
        """(words before a tool, words of the program)"""
        arguments = [word.replace("{size}", str(self.size(row, tiny))) for word in row.arguments]
        tools = self.place / "tools"
        if way.kind == "native":
            within = [SOURCE / "tests/programs/in-root", self.roots["amd64"], self.place / "work"]
            return within, [row.native or tools / "kernels-amd64", *arguments]
        guest = f"{self.roots['riscv64']}{row.program}" if row.program else tools / "kernels-riscv64"
        return [], [*way.words, "-L", self.roots["riscv64"], guest, *arguments]

    def run(self, row, way, within, words):
        path = self.place / "tools/path" if way.kind == "qemu" else "/usr/bin:/bin"
        # Python keeps its compiled modules where all find them: compiling them is most of a short script.
        environment = {"PATH": str(path), "HOME": str(self.place), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                       "PYTHONPYCACHEPREFIX": str(self.place / "python"), **row.environment}
        process = subprocess.Popen([str(w) for w in within + words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.place / "work", env=environment,
                                   start_new_session=True)
        try:
            output, messages = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"takes more than {SECONDS} seconds") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        return output, process.returncode, messages.decode(errors="replace").strip()

    def check(self, row, way, tiny):
        """(a hash of what the program prints, its peak memory in KiB) of one run."""
        within, words = self.command(row, way, tiny)
        peak = self.place / "peak"
        peak.unlink(missing_ok=True)
        output, status, messages = self.run(row, way, within, [self.place / "tools/peak", peak, *words])
        if status != 0:
            raise Failure(f"ends with status {status}: {messages.splitlines()[-1] if messages else 'no message'}")
        return hashlib.sha256(output).hexdigest(), int(peak.read_text())

    def time(self, row, way, tiny):
        """{"user", "system", "wall"} in seconds, of one run as hyperfine saw it."""
        within, words = self.command(row, way, tiny)
        exported = self.place / "times.json"
        exported.unlink(missing_ok=True)
        _, status, messages = self.run(row, way, within, [
            self.place / "tools/hyperfine", "--shell=none", "--style=none", "--runs=1", "--output=pipe",
            f"--export-json={exported}", shlex.join(str(w) for w in words)])
        if status != 0:
            raise Failure(f"hyperfine ends with status {status}: {messages}")
        result = json.loads(exported.read_text())["results"][0]
        return {"user": result["user"], "system": result["system"], "wall": result["times"][0]}
