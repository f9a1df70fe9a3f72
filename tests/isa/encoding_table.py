"""Reads the table of encodings that isagen writes (its head comment tells the format)."""

import collections

Operand = collections.namedtuple("Operand", "name kind bias use segments")


class Stanza:
    def __init__(self, name, extension, bits, mask, match):
        self.name, self.extension, self.bits = name, extension, int(bits)
        self.mask, self.match = int(mask, 16), int(match, 16)
        self.mnemonic, self.operands, self.expands = name, [], None

    def random_word(self, rng):
        """The fixed bits and noise in all others; `where` is not asked."""
        noise = rng.getrandbits(self.bits)
        return noise & ~self.mask | self.match


def read_encodings(path):
    stanzas = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "insn":
                stanzas.append(Stanza(*words[1:]))
            elif words[0] == "mnemonic":
                stanzas[-1].mnemonic = words[1]
            elif words[0] == "expands":
                stanzas[-1].expands = words[1]
            elif words[0] == "operand":
                segments = [tuple(map(int, s.split(":"))) for s in words[5:]]
                stanzas[-1].operands.append(Operand(words[1], words[2], int(words[3]), words[4], segments))
    return stanzas
