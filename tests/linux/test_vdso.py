#!/usr/bin/env python3
"""The guest's vdso as binutils sees it: symbols and versions, one read-only segment, code, call-frame information.

usage: test_vdso.py VDSO OBJDUMP. Prints TAP."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

# Names and numbers of riscv64 Linux: arch/riscv/kernel/vdso/vdso.lds.S, include/uapi/asm-generic/unistd.h.
FUNCTIONS = {'rt_sigreturn': 139, 'gettimeofday': 169, 'clock_gettime': 113, 'clock_getres': 114, 'getcpu': 168,
             'flush_icache': 259, 'riscv_hwprobe': 258}
# struct rt_sigframe: siginfo (128), ucontext, whose mcontext is at 176; registers by their DWARF numbers.
MCONTEXT = 128 + 176


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={'PATH': '/usr/bin:/bin', 'LC_ALL': 'C'}).stdout


def check_symbols(vdso, objdump):
    text = run('readelf', '-W', '--dyn-syms', vdso)
    found = set(re.findall(r'FUNC +GLOBAL DEFAULT +\d+ (\S+)$', text, re.M))
    want = {f'__vdso_{name}@@LINUX_4.15' for name in FUNCTIONS}
    return None if found == want else f'{sorted(found)} instead of {sorted(want)}'


def check_segments(vdso, objdump):
    text = run('readelf', '-lW', vdso)
    loads = re.findall(r'^ +LOAD +(\S+) (\S+) \S+ (\S+) (\S+) (...)', text, re.M)
    if len(loads) != 1:
        return f'{len(loads)} segments'
    offset, vaddr, filesz, memsz = (int(v, 16) for v in loads[0][:4])
    if (offset, vaddr) != (0, 0) or filesz != memsz or loads[0][4] != 'R E' or memsz > 8192:
        return text
    return None if 'DYNAMIC' in text and 'GNU_EH_FRAME' in text else text


def check_header(vdso, objdump):
    text = run('readelf', '-hW', vdso)
    want = ['RISC-V', 'DYN', 'ELF64', 'RVC, double-float ABI']
    missing = [w for w in want if w not in text]
    return f'no {missing} in {text}' if missing else None


def check_entry(vdso, objdump):
    entry = re.search(r'Entry point address: +0x([0-9a-f]+)', run('readelf', '-hW', vdso))[1]
    symbol = re.search(r'^ *\d+: ([0-9a-f]+).*__vdso_rt_sigreturn@', run('readelf', '-W', '--dyn-syms', vdso), re.M)[1]
    return None if int(entry, 16) == int(symbol, 16) else f'{entry} is not {symbol}'


def check_code(vdso, objdump):
    text = run(objdump, '-d', '--no-show-raw-insn', '-M', 'no-aliases', vdso)
    for name, number in FUNCTIONS.items():
        body = re.search(rf'<__vdso_{name}>:\n((?:.+\n)*)', text)
        if not body:
            return f'no code of {name}'
        code = [re.sub(r'\s+', ' ', line.split(':', 1)[1]).strip() for line in body[1].splitlines()
                if ':' in line]
        want = [f'addi a7,zero,{number}', 'ecall'] + ([] if name == 'rt_sigreturn' else ['jalr zero,0(ra)'])
        if code[:len(want)] != want:
            return f'{name}: {code}'
    return None


def check_relocations(vdso, objdump):
    text = run('readelf', '-rW', vdso)
    return None if 'no relocations' in text else text


def check_frames(vdso, objdump):
    text = run('readelf', '-W', '--debug-dump=frames', vdso)
    entry = int(re.search(r'Entry point address: +0x([0-9a-f]+)', run('readelf', '-hW', vdso))[1], 16)
    fdes = re.findall(r'FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)', text)
    # Unwinders look up the return address minus one.
    covering = [f for f in fdes if int(f[1], 16) <= entry - 1 and entry + 4 < int(f[2], 16)]
    if len(covering) != 1:
        return f'frame of rt_sigreturn: {covering}'
    cie = re.search(rf'^{covering[0][0]} .* CIE\n((?:.+\n)*)', text, re.M)[1]
    if not re.search(r'Augmentation: +"zRS"', cie) or not re.search(r'Return address column: 64', cie):
        return 'no signal frame: ' + cie
    if not re.search(r'DW_CFA_def_cfa: r2 \(sp\) ofs 0$', cie, re.M):
        return 'other frame address: ' + cie
    found = {int(reg): int(offset) for reg, offset in re.findall(r': r(\d+)(?: \(\w+\))? at cfa\+(\d+)', cie)}
    want = {n: MCONTEXT + 8 * n for n in range(1, 64)} # x1 to x31, then f0 to f31
    want[64] = MCONTEXT                                # the interrupted pc
    return None if found == want else f'{found}'


def main():
    vdso, objdump = sys.argv[1:]
    tests = [check_header, check_segments, check_symbols, check_entry, check_code, check_relocations, check_frames]
    tap = Tap()
    for test in tests:
        problem = test(vdso, objdump)
        tap.result(problem is None, test.__name__[6:], problem)
    tap.finish()


main()
