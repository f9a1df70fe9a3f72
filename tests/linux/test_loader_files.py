#!/usr/bin/env python3
"""The loader on what the linker makes: its mappings against `readelf -lW` and the file's own bytes.

usage: test_loader_files.py LOADER_DUMP RISCV_GCC

Builds one program with many linker options; for each, every page that the program headers ask for must be mapped with
the right bytes and rights, and no other. Then a small file cut short at every byte. Prints TAP."""
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

PAGE = 4096

SOURCE = r'''
const char text[5000] = "read-only";
int data[3000] = {1, 2, 3};
int zeros[7000];
static int *relro[] __attribute__((section(".data.rel.ro"))) = {data, zeros};
#ifdef TINY
void _start(void) { __asm__ volatile("ecall"); }
#else
#include <stdio.h>
int main(void) { printf("%s %d %d %p\n", text, data[1], zeros[1], (void *)relro[0]); return 0; }
#endif
'''

TINY = ['-DTINY', '-nostdlib', '-fno-stack-protector', '-mcmodel=medany']
# Static and position-independent: what -static-pie means where the compiler's target has it.
TINY_PIE = TINY + ['-fPIE', '-pie', '-Wl,--no-dynamic-linker']

VARIANTS = [
    ('static', ['-static']),
    ('dynamic pie', ['-pie', '-fPIE']),
    ('dynamic no-pie', ['-no-pie']),
    ('64 KiB pages', ['-static', '-Wl,-z,max-page-size=65536']),
    ('64 KiB pages, pie', ['-pie', '-fPIE', '-Wl,-z,max-page-size=65536']),
    ('2 MiB pages', ['-static', '-Wl,-z,max-page-size=2097152,-Ttext-segment=0x400000']),
    ('2 MiB pages, pie', ['-pie', '-fPIE', '-Wl,-z,max-page-size=2097152']),
    ('separate code', ['-static', '-Wl,-z,separate-code']),
    ('no separate code', ['-static', '-Wl,-z,noseparate-code']),
    ('relro', ['-pie', '-fPIE', '-Wl,-z,relro,-z,now']),
    ('no relro', ['-pie', '-fPIE', '-Wl,-z,norelro']),
    ('executable stack', ['-static', '-Wl,-z,execstack']),
    ('no executable stack', ['-static', '-Wl,-z,noexecstack']),
    ('tiny', TINY + ['-static']),
    ('tiny, stripped', TINY + ['-static', '-s']),
    ('tiny, at 2 GiB', TINY + ['-static', '-Wl,-Ttext-segment=0x80000000']),
    ('tiny, at 64 GiB', TINY + ['-static', '-Wl,-Ttext-segment=0x1000000000']),
    ('tiny, text writable', TINY + ['-static', '-Wl,--omagic']),
    ('tiny, not aligned to pages', TINY + ['-static', '-Wl,--nmagic']),
    ('static pie', TINY_PIE),
    ('static pie, 64 KiB pages', TINY_PIE + ['-Wl,-z,max-page-size=65536']),
    ('static pie, 2 MiB pages', TINY_PIE + ['-Wl,-z,max-page-size=2097152']),
    ('static pie, 1 GiB pages', TINY_PIE + ['-Wl,-z,max-page-size=1073741824']),
]


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, 'LC_ALL': 'C'})


def read_headers(readelf, path):
    """What `readelf -lW` says: type, entry, offset and number of headers, segments."""
    text = run(readelf, '-lW', path).stdout
    header = {
        'type': re.search(r'Elf file type is (\w+)', text)[1],
        'entry': int(re.search(r'Entry point (0x[0-9a-f]+)', text)[1], 16),
        'phnum': int(re.search(r'There are (\d+) program headers', text)[1]),
        'phoff': int(re.search(r'starting at offset (\d+)', text)[1]),
        'interp': re.search(r'Requesting program interpreter: (.*)\]', text),
    }
    segments = []
    for line in re.findall(r'^ +([A-Z_0-9]+) +((?:0x[0-9a-f]+ +){5})([RWE ]{3}) (0x[0-9a-f]+)$', text, re.M):
        offset, vaddr, _, filesz, memsz = (int(v, 16) for v in line[1].split())
        segments.append((line[0], offset, vaddr, filesz, memsz, line[2], int(line[3], 16)))
    return header, segments


def expected_pages(path, segments, bias):
    """page address -> (rights, bytes), from the headers and the file alone."""
    with open(path, 'rb') as f:
        data = f.read()
    pages = {}
    for kind, offset, vaddr, filesz, memsz, flags, _ in segments:
        if kind != 'LOAD' or memsz == 0:
            continue
        rights = ('r' if 'R' in flags else '-') + ('w' if 'W' in flags else '-') + ('x' if 'E' in flags else '-')
        start, end = vaddr & -PAGE, (vaddr + memsz + PAGE - 1) & -PAGE
        for page in range(start, end, PAGE):
            if filesz > 0 and page < vaddr + filesz:
                at = page - vaddr + offset
                content = data[at:at + PAGE].ljust(PAGE, b'\0')
                if memsz > filesz:
                    content = content[:max(0, vaddr + filesz - page)].ljust(PAGE, b'\0')
            else:
                content = bytes(PAGE)
            pages[page + bias] = (rights, content)
    return pages


def loaded_pages(output, memory):
    """The same from loader_dump; the interpreter and the vdso apart."""
    values, pages, names, at = {}, {}, {}, 0
    for line in output.splitlines():
        words = line.split(' ', 4)
        if words[0] != 'map':
            values[words[0]] = int(words[1], 16)
            continue
        for page in range(int(words[1], 16), int(words[2], 16), PAGE):
            content = None
            if words[3][0] == 'r':
                content = memory[at:at + PAGE]
                at += PAGE
            pages[page] = (words[3], content)
            names[page] = words[4]
    return values, pages, names


def compare(header, segments, path, output, memory, prefix):
    """None, or what differs."""
    values, pages, names = loaded_pages(output, memory)
    bias = values['exe_entry'] - header['entry']
    want = expected_pages(path, segments, bias)
    align = max(s[6] for s in segments if s[0] == 'LOAD')
    if header['type'] == 'EXEC' and bias != 0 or bias % max(align, PAGE):
        return f'wrong place: bias {bias:#x}'
    for page, (rights, content) in sorted(want.items()):
        if page not in pages:
            return f'page {page:#x} is not mapped'
        if pages[page][0] != rights:
            return f'page {page:#x} is {pages[page][0]}, not {rights}'
        if content != pages[page][1] and pages[page][1] is not None:
            return f'page {page:#x} has other bytes'
    # A page without a name elsewhere is the interpreter's .bss: Debian 13's has one.
    around = range(min(want) - PAGE, max(want) + 2 * PAGE)
    for page in pages:
        if page not in want and (names[page] == path or names[page] == '' and page in around):
            return f'page {page:#x} is mapped'
    first = [s for s in segments if s[0] == 'LOAD' and s[1] <= header['phoff'] < s[1] + s[3]]
    phdr = header['phoff'] - first[0][1] + first[0][2] + bias if first else 0
    end = max(s[2] + s[4] for s in segments if s[0] == 'LOAD') + bias
    stack = [s for s in segments if s[0] == 'GNU_STACK']
    facts = {'phdr': phdr, 'phnum': header['phnum'], 'brk': end,
             'exec_stack': int(bool(stack) and 'E' in stack[0][5])}
    for name, value in facts.items():
        if values[name] != value:
            return f'{name} is {values[name]:#x}, not {value:#x}'
    if not header['interp'] and values['entry'] != values['exe_entry']:
        return 'starts elsewhere than at its entry point'
    # Mapped under the name of the file, which a link may have led to.
    if header['interp'] and os.path.realpath(prefix + header['interp'][1]) not in names.values():
        return 'its interpreter is not mapped'
    return None


def test_variant(tools, folder, options):
    dump, gcc, readelf, prefix = tools
    source, program, out = (os.path.join(folder, n) for n in ('p.c', 'p', 'memory'))
    with open(source, 'w') as f:
        f.write(SOURCE)
    built = run(gcc, '-O1', '-w', source, '-o', program, *options)
    if built.returncode:
        return 'cannot build: ' + built.stdout
    header, segments = read_headers(readelf, program)
    if not any(s[0] == 'LOAD' for s in segments):
        return 'readelf shows no segment'
    loaded = run(dump, program, out, prefix)
    if any(s[0] == 'LOAD' and s[3] and (s[2] - s[1]) % PAGE for s in segments):
        # What Linux cannot map either.
        return None if loaded.returncode == 1 and 'differ within a page' in loaded.stdout else loaded.stdout
    if loaded.returncode:
        return loaded.stdout
    with open(out, 'rb') as f:
        return compare(header, segments, program, loaded.stdout, f.read(), prefix)


def test_truncated(tools, folder):
    dump, gcc = tools[:2]
    source, program, cut, out = (os.path.join(folder, n) for n in ('p.S', 'p', 'cut', 'memory'))
    with open(source, 'w') as f:
        f.write('.globl _start\n_start: ecall\n.data\n.quad 1\n.bss\n.space 5000\n')
    built = run(gcc, '-nostdlib', '-static', source, '-o', program, '-s', '-Wl,-z,max-page-size=4096')
    if built.returncode:
        return 'cannot build: ' + built.stdout
    with open(program, 'rb') as f:
        data = f.read()
    whole = run(dump, program, out)
    if whole.returncode:
        return whole.stdout
    # Up to the end of what is loaded: every byte where structures are, every 61st in the padding between them.
    phoff, = struct.unpack_from('<Q', data, 32)
    phentsize, phnum = struct.unpack_from('<HH', data, 54)
    headers = (struct.unpack_from('<IIQQQQ', data, phoff + i * phentsize) for i in range(phnum))
    end = max(offset + filesz for kind, _, offset, _, _, filesz in headers if kind == 1)
    lengths = sorted(set(range(0, min(600, end))) | set(range(max(0, end - 600), end)) | set(range(0, end, 61)))
    for length in lengths:
        with open(cut, 'wb') as f:
            f.write(data[:length])
        loaded = run(dump, cut, out)
        lines = loaded.stdout.splitlines()
        if loaded.returncode != 1 or len(lines) != 1 or not re.search('truncated|empty', lines[0]):
            return f'{length} of {len(data)} bytes: status {loaded.returncode}: {loaded.stdout}'
    return None


def main():
    dump, gcc = sys.argv[1:]
    prefix = '/usr/riscv64-linux-gnu' # where Debian's cross libc puts the interpreter
    tools = (dump, gcc, 'readelf', prefix)
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        for name, options in VARIANTS:
            problem = test_variant(tools, folder, options)
            tap.result(problem is None, name, problem)
        problem = test_truncated(tools, folder)
        tap.result(problem is None, 'cut short at every byte', problem)
    tap.finish()


main()
