-- The string library: patterns, format, pack, utf8, buffers.
print(("hello"):upper(), ("x"):rep(5, "-"), ("abc"):reverse(), #"abc\0def", ("hello"):sub(2, -2),
    ("hello"):sub(-3), ("hello"):byte(1, -1), string.char(72, 105))
print(("hello world"):find("o w"), ("hello"):find("l+"), ("a.b"):find(".", 1, true), ("hello"):find("xyz"),
    ("hello"):find("", 10), ("hello"):find("", 6))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("2024-02-29"):match("(%d+)-(%d+)-(%d+)"),
    ("[[nested [brackets]]]"):match("%b[]"), ("THE (quick) fox"):find("%((%a+)%)"), ("hello"):match("()ll()"))
print(("hello world"):gsub("o", "0"), ("abc"):gsub("%w", "%0%0"), ("hello"):gsub("", "-"),
    ("a b c"):gsub("%s", "", 1), ("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 42 }),
    ("abc"):gsub(".", function(c)
    return c:byte() .. ","
end))
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do io.write(k, v, ";") end
for w in ("one two  three"):gmatch("%S+") do io.write("<", w, ">") end
print()
print(("%d items"):format(3), ("%5.2f|%-8s|%8s|%q"):format(3.14159, "ab", "cd", 'a "quoted"\n\0string'),
    ("%s %s %s"):format(nil, true, 12), ("%%"):format(), ("%.3s"):format("abcdef"),
    ("%10.4s|"):format("abcdef"))
print(("frontier THE test"):gsub("%f[%a]%a+", function(w)
    return w:sub(1, 1):upper() .. w:sub(2):lower()
end))
print(("  trim  "):match("^%s*(.-)%s*$") .. "|")
print(("a,b,,c"):gsub(",", ";"))
print(("x^2 + y_1"):gsub("%p", "%%%0"))
local packed = string.pack("<i1i2i4i8fdz", -1, -2, -3, -4, 1.5, -2.25, "zstr")
print(#packed, string.unpack("<i1i2i4i8fdz", packed))
for i = 1, #packed do io.write(("%02x"):format(packed:byte(i))) end
print()
print(string.unpack(">I4", "\1\2\3\4"), string.unpack("<I3", "\1\2\3"), string.packsize("i4i8!8d"),
    string.pack(">s2", "len"):byte(1, -1))
print(pcall(string.pack, "i1", 300))
print(pcall(string.unpack, "<i8", "short"))
print(utf8.char(72, 228, 8364, 128512), utf8.len("häß€"), utf8.codepoint("€", 1), utf8.offset("a€b", 3),
    utf8.len("\xff"))
for p, c in utf8.codes("a€😀") do io.write(p, ":", c, " ") end
print(("häß"):byte(1, -1))
local t = {}
for i = 1, 3000 do t[#t + 1] = i .. "," end
local s = table.concat(t)
print(#s, s:sub(-12))
local n = 0
for d in s:gmatch("%d+") do n = n + tonumber(d) end
print(n)
local r = s:gsub("%d+", function(d) return d % 2 == 0 and "" or nil end)
print(#r)
print("a" < "b", "a" < "B", "" < "a", "Z" < "a", "abc" < "abd", "10" < "9", "a\0b" < "a\0c")
print(pcall(function() return "a" < 1 end))
print(pcall(function() return "a" + 1 end))
print("10" + 1, "3" * "4", 10 .. 20, -"2")
print(tostring(1e15), tostring(-0.0), tostring(1e100), 2^63, tostring(nil))
local function lev(a, b)
    local p = {}
    for j = 0, #b do p[j] = j end
    for i = 1, #a do
        local n = { [0] = i }
        for j = 1, #b do
            local c = a:byte(i) == b:byte(j) and 0 or 1
            n[j] = math.min(p[j] + 1, n[j - 1] + 1, p[j - 1] + c)
        end
        p = n
    end
    return p[#b]
end
print(lev("kitten", "sitting"), lev(("abcde"):rep(20), ("badce"):rep(20)))
local function rot13(s)
    return (s:gsub("%a", function(c)
        local b = c:lower() == c and 97 or 65
        return string.char((c:byte() - b + 13) % 26 + b)
    end))
end
print(rot13("Hello, World!"), rot13(rot13("Round Trip")))
local function crc32(s)
    local c = 0xffffffff
    for i = 1, #s do
        c = c ~ s:byte(i)
        for _ = 1, 8 do c = c & 1 == 1 and (c >> 1) ~ 0xedb88320 or c >> 1 end
    end
    return ~c & 0xffffffff
end
print(("%08x %08x"):format(crc32("123456789"), crc32(("x"):rep(1000))))
print(pcall(string.rep, "x", -1))
print(pcall(string.rep, "x", 1 << 60))
print(pcall(string.format, "%d", 1.5))
print(pcall(string.format, "%y", 1))
print(pcall(string.gsub, "x", "(", ""))
print(pcall(string.gsub, "x", "%", ""))
print(pcall(("x").bad))
print(pcall(string.char, 256))
print(#string.format("%s", ("y"):rep(5000)), ("%5s%%|%-5d|"):format("a", 7), ("\u{48}\x49\065\z
   continued"), [[long
string]], [==[with ]] inside]==])
