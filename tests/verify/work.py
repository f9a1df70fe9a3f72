class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None

    def add(self, key):
        side = "left" if key < self.key else "right"
        child = getattr(self, side)
        if child:
            child.add(key)
        else:
            setattr(self, side, Node(key))

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.key
        if self.right:
            yield from self.right


tree = Node(500)
for i in range(1, 200):
    tree.add(i * 7919 % 1009)
print(sum(tree), len(list(tree)), max(tree))
words = ("the quick brown fox jumps over the lazy dog " * 10).split()
print(sorted(set(words)), eval(repr({"a": [1.5, None, True, "\u00e9"]})), "\u00e9".encode())
print(3 ** 200 % 10 ** 40, sum(1 / n for n in range(1, 500)), f"{2 / 3:.12e}", hash((1, 2.5)))
try:
    {}["missing"]
except KeyError as error:
    print(repr(error), sorted({str(n * .1) for n in range(50)})[:5])
