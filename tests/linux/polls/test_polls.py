#!/usr/bin/env python3
"""No loop of translated code goes round without a look at the thread's poll word.

  test_polls.py ISOMORPH LOOP PROGRAM...

Runs guest programs with everything translated, reads the host code of all fragments from the listing of -d host, and walks
it, an instruction at a time, without ever going past a poll: a comparison of the poll word with 0 and a jump to where the
fragment is left for it, or a read of the poll page, which may fault. An exit leads to the fragments at its guest pc, all
that there ever were, so the walk covers each link that the cache could make, and more. On these ways

  there is no circle, neither inside of a fragment (but one around a `lock cmpxchg`, which goes on until the word was not
  changed by somebody else) nor over several;
  there is no call of guest code, and no indirect jump.

So a return without a poll takes away an entry of the return stack which nothing puts back: it may stand on such a way.

LOOP is a program with a loop whose back edge is a branch. Polls are then taken out of the listing, each alone: the walk
must find that."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
from tap import Tap

tap = Tap()

isomorph, loop, *programs = map(os.path.realpath, sys.argv[1:])

HEAD = re.compile(r"fragment (0x\w+): (\d+) instructions, .* (\d+) exits$")
STUB = re.compile(r"; stub of exit \d+ to (0x\w+)")
CODE = re.compile(r"(0x\w+)  ((?:[0-9a-f]{2} )+) +([^;]+?)(?:  ; (.*))?$")
WORD = re.compile(r"(cmp) dword ptr \[rbp-0x(\w+)\], 0x00")
PAGE = re.compile(r"(test) \[rbp-0x(\w+)\], eax$")
LEAVE = {"exit_lookup", "exit_poll", "exit_trap", "exit_flush", "exit_interp"}
COME_BACK = {"call_slow"}


class Wrong(Exception):
    pass


class Fragment:
    """code: address -> (text, name of the goal, address behind); stubs: address -> guest pc; points: addresses that may
    trap."""

    def __init__(self, pc, insns):
        self.pc, self.insns = pc, insns
        self.code, self.stubs, self.points = {}, {}, set()

    def add(self, at, size, text, name):
        self.code[at] = text, name, at + size

    def goal(self, at):
        return int(self.code[at][0].rsplit(" ", 1)[1], 16)

    def is_poll(self, at):
        """Returns (cmp, the poll word's place) or (test, the poll page's), or None."""
        page = PAGE.match(self.code[at][0])
        if page and at in self.points:
            return page.groups()
        found = WORD.match(self.code[at][0])
        jump = found and self.code[at][2]
        if not found or not self.code[jump][0].startswith("jnz "):
            return None
        on = self.goal(jump)
        while on in self.code:
            text, name, behind = self.code[on]
            if text.startswith("jmp "):
                return found.groups() if name == "exit_poll" else None
            if text.startswith(("j", "call", "ret")):
                return None
            on = behind
        return None

    def ways(self, at, gone):
        """Where control goes from the instruction at `at` without a poll: addresses, and guest pcs of exits as
        strings. The poll at `gone` does not count."""
        text, name, behind = self.code[at]
        word = text.split()[0]
        if at != gone and self.is_poll(at):
            return []
        if word == "ret" or name in LEAVE:
            return []
        if word == "call":
            if name in COME_BACK:
                return [behind]
            raise Wrong(f"a call without a poll at {at:#x}: {text}")
        if word[0] != "j":
            return [behind]
        if "[" in text or not text.split()[1].startswith("0x"):
            raise Wrong(f"an indirect jump without a poll at {at:#x}")
        goal = self.goal(at)
        goal = self.stubs.get(goal, goal)
        return [goal] if word == "jmp" else [goal, behind]

    def starts(self):
        """The entry, and where guest code that was called comes back."""
        calls = [code[2] for code in self.code.values() if code[0].startswith("call ") and code[1] is None]
        return [min(self.code), *calls]

    def exits(self, gone=None):
        """The guest pcs that it leads to without a poll."""
        pcs, state = set(), {}
        for start in self.starts():
            walk = [(start, iter(self.ways(start, gone)))] if start not in state else []
            state.setdefault(start, "open")
            while walk:
                at, ways = walk[-1]
                way = next(ways, None)
                if way is None:
                    state[at] = "done"
                    walk.pop()
                elif isinstance(way, str):
                    pcs.add(way)
                elif way not in self.code:
                    raise Wrong(f"control leaves fragment {self.pc} at {at:#x}")
                elif way not in state:
                    state[way] = "open"
                    walk.append((way, iter(self.ways(way, gone))))
                elif state[way] == "open":
                    around = [step for step, _ in walk]
                    around = around[around.index(way):]
                    if not any(self.code[step][0].startswith("lock cmpxchg") for step in around):
                        raise Wrong(f"a circle in fragment {self.pc} at {way:#x}")
        return pcs


def read_listing(lines):
    fragments, stub, point = [], None, False
    for line in lines:
        if head := HEAD.match(line):
            fragments.append(Fragment(head[1], int(head[2])))
        elif found := STUB.match(line):
            stub = found[1]
        elif line.startswith("; may trap: guest pc "):
            point = True
        elif fragments and (found := CODE.match(line)):
            at, size = int(found[1], 16), len(found[2].split())
            if stub:
                fragments[-1].stubs[at], stub = stub, None
            else:
                fragments[-1].add(at, size, found[3].strip(), found[4])
                fragments[-1].points |= {at} if point else set()
            point = False
    return fragments


def record(program, *options):
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("r") as log:
        subprocess.run([isomorph, "--engine=block", "--hot=0", *options, "-d", "host", "-D", log.name, *program], cwd=folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=200)
        return read_listing(log)


def longest(edges, insns):
    """Of a graph pc -> pcs: the most guest instructions on a way. A circle is Wrong."""
    best, open_ones = {}, set()
    for first in edges:
        walk = [(first, iter(edges[first]))] if first not in best else []
        open_ones.update(pc for pc, _ in walk)
        while walk:
            pc, ways = walk[-1]
            way = next(ways, None)
            if way is None:
                best[pc] = insns[pc] + max((best[to] for to in edges[pc] if to in best), default=0)
                open_ones.discard(pc)
                walk.pop()
            elif way in open_ones:
                raise Wrong(f"a circle of fragments through {way}")
            elif way in edges and way not in best:
                open_ones.add(way)
                walk.append((way, iter(edges[way])))
    return max(best.values(), default=0)


def graph(fragments):
    edges, insns = {}, {}
    for fragment in fragments:
        edges.setdefault(fragment.pc, set()).update(fragment.exits())
        insns[fragment.pc] = max(insns.get(fragment.pc, 0), fragment.insns)
    return edges, insns


def check_program(name, fragments, least):
    try:
        stretch = longest(*graph(fragments))
        places = {fragment.is_poll(at) for fragment in fragments for at in fragment.code} - {None}
        print(f"# {name}: {len(fragments)} fragments, at most {stretch} guest instructions without a poll")
        tap.result(len(fragments) >= least, f"{name}: there is something to walk", len(fragments))
        tap.result(len(places) == len(dict(places)), f"{name}: all polls look at one word or page", places)
        tap.result(True, f"{name}: no circle without a poll")
    except Wrong as wrong:
        tap.result(False, f"{name}: no circle without a poll", wrong)


def is_found(edges, insns, fragment, poll):
    try:
        longest({**edges, fragment.pc: edges[fragment.pc] | fragment.exits(gone=poll)}, insns)
        return False
    except Wrong:
        return True


def check_planted(name, fragments):
    """Polls before calls and indirect jumps, and those of fragments that lead to themselves, are missed whatever else was
    translated, if no other poll stands before them; of the others only some stand in a circle that was."""
    edges, insns = graph(fragments)
    found = must = bad = 0
    for fragment in fragments:
        polls = [at for at in fragment.code if fragment.is_poll(at)]
        for poll in polls:
            found += is_found(edges, insns, fragment, poll)
            behind = fragment.code[poll][2]
            if fragment.is_poll(poll)[0] == "cmp":
                behind = fragment.code[behind][2]
            while behind in fragment.code and fragment.code[behind][0].startswith("nop"):
                behind = fragment.code[behind][2]
            text = fragment.code[behind][0] if behind in fragment.code else ""
            if poll == min(polls) and (text.startswith("call 0x") or
                                       (text.startswith("jmp 0x") and
                                        fragment.stubs.get(fragment.goal(behind)) == fragment.pc)):
                must += 1
                bad += not is_found(edges, insns, fragment, poll)
    tap.result(must > 0 and bad == 0, f"{name}: a poll that is taken out is missed", f"{bad} of {must} not")
    print(f"# {name}: {found} missing polls found")
    return found


shown = subprocess.run([isomorph, "--engine=block", "--hot=0", "-d", "host", loop], capture_output=True, text=True, timeout=60)
if shown.returncode == 125:  # isomorph was told what it does not know
    sys.exit(f"Bail out! {loop}: status {shown.returncode}: {shown.stderr[-300:]}")
if "test [rbp" not in shown.stderr:
    print("1..0 # SKIP this build has no disassembler")
    sys.exit(0)
listing = record([loop])
check_program("loop", listing, 2)
tap.result(any(is_found(*graph(listing), f, at) for f in listing for at in f.code if f.is_poll(at)), "loop: its poll is missed")
for program in programs:
    name = program.rsplit("/", 1)[1]
    listing = record([program])
    check_program(name, listing, 500)
    check_planted(name, listing)
    for options in ["--fence"], ["--memory=offset"], ["--cache-size=64K"]:
        check_program(f"{name} {options[0]}", record([program], *options), 300)
tap.finish()
