#!/usr/bin/env python3
"""Writes a C file with the bytes of another file: embed.py INPUT OUTPUT NAME."""
import sys


def main():
    source, target, name = sys.argv[1:]
    with open(source, 'rb') as f:
        data = f.read()
    rows = [', '.join(f'{b:#04x}' for b in data[i:i + 16]) for i in range(0, len(data), 16)]
    with open(target, 'w') as f:
        f.write(f'extern const unsigned char {name}[];\nextern const unsigned {name}_size;\n'
                f'const unsigned char {name}[] __attribute__((aligned(16))) = {{\n    '
                + ',\n    '.join(rows) + f'\n}};\nconst unsigned {name}_size = sizeof({name});\n')


main()
