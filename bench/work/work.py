"""What scripts in Python do: objects, dictionaries, text, sorting, patterns, JSON. work.py TEXT TURNS"""
import collections
import json
import re
import sys


class Account:
    def __init__(self, name):
        self.name = name
        self.balance = 0
        self.history = []

    def post(self, amount, note):
        self.balance += amount
        self.history.append((amount, note))


def count_words(text):
    words = collections.Counter(re.findall(r"[a-z]+", text.lower()))
    return sorted(words.items(), key=lambda item: (-item[1], item[0]))[:5]


def keep_books(lines):
    accounts = {}
    for number, line in enumerate(lines):
        name = line.split()[0] if line.strip() else "nobody"
        account = accounts.get(name)
        if account is None:
            account = accounts[name] = Account(name)
        account.post(len(line) * (1 if number % 3 else -2), f"line {number}: {line[:12]!r}")
    return {a.name: [a.balance, a.history[-1][1]] for a in accounts.values()}


def queens(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    found = 0
    free = ~(columns | left | right) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        found += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


def main():
    text = open(sys.argv[1], encoding="utf-8").read()
    for turn in range(int(sys.argv[2])):
        part = text[turn * 20000:turn * 20000 + 100000]
        books = keep_books(part.splitlines())
        again = json.loads(json.dumps(books, sort_keys=True))
        assert again == books
        print(count_words(part), len(books), sum(b[0] for b in books.values()), queens(6))


main()
