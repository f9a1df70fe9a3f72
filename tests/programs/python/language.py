"""Python: the language and modules that need nothing of the system: classes, generators, data, text, numbers."""
import abc, array, ast, base64, bisect, calendar, cmath, collections, contextlib, copy, csv, dataclasses, datetime
import decimal, difflib, dis, enum, fractions, functools, hashlib, heapq, hmac, html, io, itertools, json, math
import operator, pickle, pprint, random, re, statistics, string, struct, sys, textwrap, traceback, types
import typing, unicodedata, uuid, weakref, xml.etree.ElementTree as ET, zlib, zoneinfo, configparser, shlex, inspect
import argparse, binascii, codecs, colorsys, graphlib, keyword, tokenize, urllib.parse, ipaddress, email.message, gc


def section(name):
    print(f"--- {name}")


section("classes")


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __repr__(self):
        return f"Vector({self.x!r}, {self.y!r})"

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y


print(Vector(1, 2) + Vector(3, 4), Vector(1, 2) @ Vector(3, 4), Vector(1, 2) == Vector(1, 2), hash(Vector(1, 2)))


@dataclasses.dataclass(order=True, frozen=True)
class Item:
    price: float
    name: str = "none"
    tags: list = dataclasses.field(default_factory=list, compare=False)


print(sorted([Item(3, "c"), Item(1, "z"), Item(1, "a")]), dataclasses.asdict(Item(2)))
try:
    Item(1).price = 2
except dataclasses.FrozenInstanceError as error:
    print("frozen:", error)


class Meta(type):
    def __new__(mcs, name, bases, namespace, **keywords):
        namespace["created"] = sorted(key for key in namespace if not key.startswith("__"))
        return super().__new__(mcs, name, bases, namespace)


class WithMeta(metaclass=Meta, option=1):
    def method(self):
        return __class__.__name__

    @property
    def prop(self):
        return "property"

    @classmethod
    def cls(cls):
        return cls.__mro__[0].__name__


print(WithMeta.created, WithMeta().method(), WithMeta().prop, WithMeta.cls())


class Colour(enum.Flag):
    RED = enum.auto()
    GREEN = enum.auto()
    BOTH = RED | GREEN


print(Colour.RED | Colour.GREEN, Colour.BOTH & ~Colour.RED, list(Colour), Colour["RED"].value)


class Abstract(abc.ABC):
    @abc.abstractmethod
    def f(self): ...


try:
    Abstract()
except TypeError as error:
    print(error)

section("generators and context managers")


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


print(list(tree(4)), sum(tree(12)))


def echo():
    received = []
    try:
        while True:
            received.append((yield len(received)))
    except GeneratorExit:
        print("closed with", received)


e = echo()
next(e)
print(e.send("a"), e.send("b"))
e.close()


@contextlib.contextmanager
def managed(name):
    print("enter", name)
    try:
        yield name.upper()
    except ValueError as error:
        print("caught", error)
    finally:
        print("leave", name)


with managed("one") as one, managed("two") as two:
    print(one, two)
    raise ValueError("inside")

section("exceptions")
try:
    try:
        {}["missing"]
    except KeyError as error:
        raise RuntimeError("outer") from error
except RuntimeError as error:
    print(repr(error), repr(error.__cause__))
    print("".join(traceback.format_exception(error)).replace(__file__, "FILE").count("Error"))
try:
    raise ExceptionGroup("group", [ValueError(1), TypeError(2), ExceptionGroup("inner", [ValueError(3)])])
except* ValueError as group:
    print("values", group.exceptions)
except* TypeError as group:
    print("types", group.exceptions)


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


print(deep(900))
try:
    deep(100000)
except RecursionError as error:
    print("RecursionError", str(error)[:30])
for source in ("1 +", "x = = 1", "def f(:", "print 'x'", "(", "'unfinished"):
    try:
        compile(source, "source", "exec")
    except SyntaxError as error:
        print(error.msg, error.lineno, error.offset)

section("pattern matching")


def describe(value):
    match value:
        case 0:
            return "zero"
        case int() | float() if value < 0:
            return "negative"
        case [x, y, *rest]:
            return f"sequence {x} {y} {len(rest)}"
        case {"kind": kind, **others}:
            return f"mapping {kind} {sorted(others)}"
        case Item(price=p, name=n):
            return f"item {p} {n}"
        case str(s):
            return f"text {s}"
        case _:
            return "other"


print([describe(v) for v in (0, -1.5, [1, 2, 3], {"kind": 1, "b": 2}, Item(1), "s", None)])

section("numbers")
print(2**200, -7 // 2, -7 % 3, divmod(7, -2), round(2.5), round(-3.5), round(2.675, 2), 0.1 + 0.2, 1e16 + 1, 5e-324)
print(int("ff", 16), int("-0b101", 0), hex(255),
    f"{1234567.891:,.2f} {42:08b} {255:#x} {0.000012345:e} {1e100:g} {12.5:%}")
print(math.factorial(50), math.comb(100, 50), math.isqrt(10**40), math.gcd(84, 36), math.lcm(4, 6),
    math.nextafter(1, 2))
print([f(0.5).hex() for f in (math.sin, math.cos, math.exp, math.log, math.sqrt, math.atan, math.sinh,
    math.gamma, math.erf)])
print(cmath.sqrt(-1), (1 + 2j) ** 3, abs(3 + 4j), complex("1-1j").conjugate(), math.inf - math.inf, -0.0,
    float("1e400"))
print(fractions.Fraction(1, 3) + fractions.Fraction("0.25"), fractions.Fraction(math.pi).limit_denominator(1000))
print(pow(3, 10**9, 10**9 + 7), pow(3, -1, 7), (10**50).bit_length(), (255).to_bytes(3, "little"),
    int.from_bytes(b"\xff\xfe", signed=True))
print(float.fromhex("0x1.8p+1"), (0.1).as_integer_ratio(), sys.float_info.max, sys.maxsize, sum([0.1] * 10),
    math.fsum([0.1] * 10))
x = 3**5000
print(x % 10**20, len(str(x)), hashlib.md5(hex(x * x).encode()).hexdigest(), x // 7**4000 % 1000003)
decimal.getcontext().prec = 60
D = decimal.Decimal
print(D(2).sqrt(), D(1) / D(7), D("1.10") + D("2.205"), D(10).ln(), D(1).exp(), (D("123.456") ** D("2.5")))
for rounding in (decimal.ROUND_UP, decimal.ROUND_HALF_EVEN, decimal.ROUND_FLOOR, decimal.ROUND_05UP):
    print(rounding, [str(D(v).quantize(D("0.1"), rounding=rounding)) for v in ("1.25", "-1.25", "1.31", "0.05")])
try:
    D(1) / D(0)
except decimal.DivisionByZero as error:
    print("DivisionByZero", decimal.getcontext().flags[decimal.DivisionByZero])


def pi(digits):
    decimal.getcontext().prec = digits + 5
    three = D(3)
    lasts, t, s, n, na, d, da = 0, three, 3, 1, 0, 0, 24
    while s != lasts:
        lasts = s
        n, na = n + na, na + 8
        d, da = d + da, da + 32
        t = (t * n) / d
        s += t
    return str(s)[: digits + 2]


print(pi(300))
print(statistics.mean([1, 2, 3.5]), statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9]),
    statistics.quantiles(range(11), n=4), statistics.mode("aab"))
random.seed(12345)
print(random.random(), random.randint(1, 1000), random.sample(range(100), 5), random.gauss(0, 1),
    random.choices("abc", k=6), random.getrandbits(100))
order = list(range(10))
random.shuffle(order)
print(order, round(random.betavariate(2, 3), 12), round(random.expovariate(1), 12))

section("text")
s = "Grüße, Ελλάδα, 日本 \U0001f600"
print(len(s), s.upper(), s.casefold(), s.encode()[:20], s.encode("utf-16-le")[:8],
    unicodedata.normalize("NFD", "é").encode(), unicodedata.name("é"))
print("a,b,,c".split(","), " x ".strip() + "|", "abc".center(9, "*"), "title case".title(),
    "tab\tx".expandtabs(4), "x".join("abc"), "%5.1f|%-5s|%x" % (3.14159, "ab", 255))
print("abcabc".replace("b", "X", 1), "abc".translate(str.maketrans("ab", "xy")), "abcabc".rindex("b"),
    "a-b_c".partition("-"), "prefix_x".removeprefix("prefix_"), "Straße".swapcase())
print(textwrap.fill("The quick brown fox jumps over the lazy dog again and again.", 25),
    string.Template("$a ${b}").substitute(a=1, b=2),
    "{:>{w}} {!r:.3} {0[x]}".format("r", "abcdef", w=5) if 0 else "")
print(re.findall(r"(\w+)@(\w+)\.com", "a@b.com, c@d.com"),
    re.sub(r"(?P<y>\d+)-(?P<m>\d+)", r"\g<m>/\g<y>", "2024-02"), re.split(r"[,;]\s*", "a, b;c"),
    re.fullmatch(r"(?i)[a-z]+", "ABC").group())
print(re.sub(r"\b(\w)(\w*)\b", lambda m: m[2] + m[1] + "ay", "pig latin words"),
    [m.span() for m in re.finditer(r"(?<=a)b+(?!c)", "abb abbc ab")], re.compile(r"""(\d+) # number
    \s* ([a-z]+)  # unit""", re.X).match("12 kg").groups(), re.search(r"(a+)+b", "a" * 18 + "b").span(),
        re.match(r"(?>a+)ab", "aaab"))
try:
    re.compile("(unclosed")
except re.error as error:
    print(error)
log = "\n".join(f"2024-02-{d % 28 + 1:02d} {('INFO', 'WARN', 'ERROR')[d % 3]} module{d % 7}: took {d * 37 % 1000} ms" for d in range(3000))
pattern = re.compile(r"^(\S+) (?P<level>\w+) module(\d): took (\d+) ms$", re.M)
totals = collections.Counter()
for m in pattern.finditer(log):
    totals[m["level"], m[3]] += int(m[4])
print(totals.most_common(4), len(re.sub(r"\d", "", log)))
print(list(difflib.unified_diff("a b c d".split(), "a c d e".split(), lineterm="")),
    difflib.get_close_matches("appel", ["ape", "apple", "peach"]),
    round(difflib.SequenceMatcher(None, "abcd", "bcde").ratio(), 3))
print(html.escape("<a href='x'>&"), html.unescape("&eacute;&#x41;"), urllib.parse.quote("a b/ü?"),
    urllib.parse.parse_qs("a=1&b=2&a=3"), urllib.parse.urljoin("http://h/a/b", "../c"),
    urllib.parse.urlsplit("s://u:p@h:80/p?q#f").port)
print(shlex.split("a 'b c' d\\ e"), shlex.quote("it's"), codecs.encode("rot", "rot13"),
    binascii.hexlify(b"hex"), base64.b85encode(b"12345"), colorsys.rgb_to_hsv(0.5, 0.25, 0.25),
    ipaddress.ip_network("10.0.0.0/29").num_addresses)

section("data")
data = {"list": [1, 2.5, None, True, "é\n\u2028", 1e300, -0.0], "nested": {"b": {"c": []}, "a": {}}, "10": 10**30}
text = json.dumps(data, indent=1, sort_keys=True)
print(text, json.loads(text) == data, json.dumps(data, ensure_ascii=False, separators=(",", ":")))
for bad in ('{"a":', "[1,]", '"\\x"', "nul", "01", '{"a" 1}'):
    try:
        json.loads(bad)
    except json.JSONDecodeError as error:
        print(error)
big = json.dumps([{"id": i, "name": f"name {i}", "values": [i / 7, i * 3, str(i)]} for i in range(2000)])
print(len(big), hashlib.sha256(big.encode()).hexdigest(), sum(r["values"][1] for r in json.loads(big)))
print(pickle.loads(pickle.dumps(data, 5)) == data,
    hashlib.md5(pickle.dumps([1, "a", (2.5, {3})], 4)).hexdigest(),
    copy.deepcopy(data)["nested"] is data["nested"])
print(struct.pack("<bHiqfd5s?", -1, 65535, -5, 2**40, 1.5, -2.25, b"abc", True).hex(),
    struct.unpack(">IhQ", bytes(range(14))), struct.calcsize("@bq"), array.array("d", [1, 2]).tobytes().hex(),
    memoryview(b"abcdef")[1:5:2].tolist())
blob = ("".join(map(str, range(5000)))).encode()
z = zlib.compress(blob, 9)
print(len(zlib.decompress(z)), zlib.crc32(blob), zlib.adler32(blob), zlib.decompress(z) == blob)
d = zlib.decompressobj()
print(sum(len(d.decompress(z[i : i + 100])) for i in range(0, len(z), 100)) + len(d.flush()) == len(blob))
try:
    zlib.decompress(b"not compressed")
except zlib.error as error:
    print(error)
for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s", "shake_128"):
    h = hashlib.new(name, blob)
    print(name, h.hexdigest(16) if name == "shake_128" else h.hexdigest()[:32])
print(hmac.new(b"key", b"message", "sha256").hexdigest(),
    hashlib.pbkdf2_hmac("sha1", b"pw", b"salt", 1000).hex(), uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"))
print(collections.OrderedDict(a=1), collections.deque(range(10), 3),
    collections.Counter("mississippi").most_common(2), collections.ChainMap({"a": 1}, {"a": 2, "b": 3})["b"],
    collections.namedtuple("P", "x y")(1, 2), collections.defaultdict(list, a=[1]))
print(list(itertools.permutations("abc", 2))[:4], list(itertools.accumulate([1, 2, 3], operator.mul)),
    [list(g) for k, g in itertools.groupby("aabbb")], list(itertools.batched(range(5), 2)),
    list(itertools.zip_longest("ab", "c")), list(itertools.pairwise("abc")))
heap = [9, 4, 7, 1]
heapq.heapify(heap)
print([heapq.heappop(heap) for _ in range(4)], bisect.bisect([1, 3, 5], 3),
    functools.reduce(operator.add, range(10)),
    list(graphlib.TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}}).static_order())[0],
    heapq.nlargest(2, [3, 9, 5]))


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(150), fib.cache_info(), functools.partial(pow, 2)(10),
    functools.cmp_to_key(lambda a, b: b - a)(1) < functools.cmp_to_key(lambda a, b: b - a)(0))
root = ET.fromstring("<r a='1'><c>text</c><c x='&lt;é'/><!-- no --><d><c>deep</c></d></r>")
print([c.text for c in root.iter("c")], root.find("d/c").text, root.get("a"),
    ET.tostring(root, encoding="unicode"), root.findall(".//c[@x]")[0].attrib)
rows = list(csv.DictReader(io.StringIO('a,b\n1,"x, ""y"""\n2,z\n')))
out = io.StringIO()
csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows([[1, "a"], [2.5, 'q"']])
print(rows, repr(out.getvalue()))
config = configparser.ConfigParser()
config.read_string("[s]\na = 1\nb = %(a)s2\n[t]\nx: yes")
print(config["s"]["b"], config.getboolean("t", "x"), config.sections())
dt = datetime.datetime(2024, 2, 29, 13, 14, 15, 16, tzinfo=datetime.timezone.utc)
print(dt.isoformat(), dt + datetime.timedelta(days=366), dt.strftime("%A %d %B %Y %j %U"),
    datetime.datetime.strptime("1/2/03 4:05", "%d/%m/%y %H:%M"),
    dt.astimezone(datetime.timezone(datetime.timedelta(hours=5.5))), dt.timestamp(), calendar.month(2024, 2))
print(datetime.date.fromisocalendar(2024, 9, 4), datetime.date(2024, 1, 1) - datetime.date(2000, 1, 1),
    calendar.isleap(1900), datetime.time.fromisoformat("12:30:00.5"))

section("objects and code")
print(ast.unparse(ast.parse("x = [i ** 2 for i in range(10) if i % 2]")), ast.literal_eval("{'a': (1, -2)}"),
    eval("a + b", {"a": 1, "b": 2}), inspect.signature(describe), inspect.getdoc(fib))
print([i.opname for i in dis.Bytecode(compile("a = b + 1", "s", "exec"))], len(keyword.kwlist),
    [t.string for t in tokenize.generate_tokens(io.StringIO("x=1+2").readline)][:5])


class Node:
    pass


node = Node()
ref = weakref.ref(node, lambda r: print("collected"))
node.cycle = node
del node
gc.collect()
print(ref(), types.SimpleNamespace(a=1), typing.get_type_hints(Item), sys.getsizeof(0) > 0,
    type(lambda: 0).__name__, [*range(3), *"ab"], {**{"a": 1}, "b": 2})
print(sorted({3, 1, 2} ^ {2, 5}), frozenset("a") | {"b"} >= {"a"}, slice(1, 5, 2).indices(4),
    (lambda *a, k=1, **kw: (a, k, kw))(1, 2, k=3, z=4), 1 < 2 < 3 != 4, [a := 5, a**2], not [], 0 or "default")
total = 0
for i in range(200000):
    total = (total * 31 + i) % 1000003
print(total, sum(i * i for i in range(100000)),
    len([p for p in range(2, 3000) if all(p % q for q in range(2, int(p**0.5) + 1))]))
message = email.message.EmailMessage()
message["Subject"], message["To"] = "Grüße", "a@b.c"
message.set_content("body é\n")
print(message.as_string())
parser = argparse.ArgumentParser(prog="prog", description="A program.",
    formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument("--number", "-n", type=int, default=5, help="a number")
parser.add_argument("files", nargs="*")
print(parser.parse_args(["-n", "7", "a", "b"]), parser.format_help())
pprint.pprint({"k" * 20: list(range(20)), "z": {"y": "x" * 50}}, width=60)
sys.exit(5)
