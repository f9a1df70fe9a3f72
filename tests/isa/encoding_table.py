"""Reads the table of encodings that isagen writes (its head comment tells the format)."""


class Stanza:
    def __init__(self, name, extension, size, match, mask):
        self.name, self.extension, self.bits = name, extension, 8 * int(size)
        self.match, self.mask = int(match, 16), int(mask, 16)
        self.mnemonic = name.partition("'")[0]

    def random_word(self, rng):
        """The fixed bits and noise in all others; conditions are not asked."""
        noise = rng.getrandbits(self.bits)
        return noise & ~self.mask | self.match


def read_encodings(path):
    with open(path, encoding="utf-8") as f:
        rows = [line.split() for line in f if not line.startswith("#")]
    return [Stanza(*row[:5]) for row in rows if row]
