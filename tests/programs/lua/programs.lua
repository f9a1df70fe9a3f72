-- Whole programs: a tokenizer and calculator, JSON, life, queens, a bytecode machine, dijkstra, big integers, sha256.
local function calc(src)
    local pos = 1
    local function peek() pos = src:find("%S", pos) or #src + 1 return src:sub(pos, pos) end
    local expr
    local function prim()
        local c = peek()
        if c == "(" then
            pos = pos + 1
            local v = expr()
            assert(peek() == ")", "expected )")
            pos = pos + 1
            return v
        elseif c == "-" then
            pos = pos + 1
            return -prim()
        end
        local s, e = src:find("^%d+%.?%d*", pos)
        if not s then error("unexpected '" .. c .. "' at " .. pos, 0) end
        pos = e + 1
        return tonumber(src:sub(s, e))
    end
    local function term()
        local v = prim()
        while true do
            local c = peek()
            if c == "*" then
                pos = pos + 1
                v = v * prim()
            elseif c == "/" then
                pos = pos + 1
                v = v / prim()
            else
                return v
            end
        end
    end
    function expr()
        local v = term()
        while true do
            local c = peek()
            if c == "+" then
                pos = pos + 1
                v = v + term()
            elseif c == "-" then
                pos = pos + 1
                v = v - term()
            else
                return v
            end
        end
    end
    local v = expr()
    if pos <= #src then error("trailing " .. src:sub(pos), 0) end
    return v
end
for _, e in ipairs { "1 + 2 * 3", "(1+2)*3 - 4/8", "-(2 - 5) * 2.5", "1 +", "2 2" } do
    print(e, pcall(calc, e))
end
local function json(v)
    local t = type(v)
    if t == "table" then
        if #v > 0 or next(v) == nil then
            local o = {}
            for i, x in ipairs(v) do o[i] = json(x) end
            return "[" .. table.concat(o, ",") .. "]"
        end
        local k = {}
        for n in pairs(v) do k[#k + 1] = n end
        table.sort(k)
        for i, n in ipairs(k) do k[i] = json(n) .. ":" .. json(v[n]) end
        return "{" .. table.concat(k, ",") .. "}"
    elseif t == "string" then
        return '"' .. v:gsub('[%c"\\]', function(c)
            return ("\\u%04x"):format(c:byte())
        end) .. '"'
    end
    return tostring(v)
end
local function parse(s)
    local i = 1
    local function ws() i = s:find("%S", i) or #s + 1 end
    local val
    local function lit(w, v)
        if s:sub(i, i + #w - 1) == w then i = i + #w return true, v end
    end
    function val()
        ws()
        local c = s:sub(i, i)
        if c == "{" then
            local o = {}
            i = i + 1
            ws()
            while s:sub(i, i) ~= "}" do
                local k = val()
                ws()
                i = i + 1
                o[k] = val()
                ws()
                if s:sub(i, i) == "," then i = i + 1 ws() end
            end
            i = i + 1
            return o
        elseif c == "[" then
            local a = {}
            i = i + 1
            ws()
            while s:sub(i, i) ~= "]" do
                a[#a + 1] = val()
                ws()
                if s:sub(i, i) == "," then i = i + 1 ws() end
            end
            i = i + 1
            return a
        elseif c == '"' then
            local j = i + 1
            while s:sub(j, j) ~= '"' do j = j + (s:sub(j, j) == "\\" and 2 or 1) end
            local r = s:sub(i + 1, j - 1):gsub("\\u(%x%x%x%x)", function(h)
                return utf8.char(tonumber(h, 16))
            end):gsub("\\(.)", "%1")
            i = j + 1
            return r
        end
        for w, v in pairs { ["true"] = true, ["false"] = false } do
            local ok, r = lit(w, v)
            if ok then return r end
        end
        if lit("null") then return nil end
        local a, b = s:find("^-?%d+%.?%d*[eE]?[+-]?%d*", i)
        if not a then error("bad json at " .. i, 0) end
        i = b + 1
        return tonumber(s:sub(a, b))
    end
    return val()
end
local doc = '{"name":"Ann \\u20ac","list":[1,2.5,-3e2,[],{}],"nested":{"t":true,"f":false}}'
print(json(parse(doc)))
print(pcall(parse, "[1, ?]"))
local W, H = 24, 12
local g = {}
for _, c in ipairs { { 2, 1 }, { 3, 2 }, { 1, 3 }, { 2, 3 }, { 3, 3 }, { 12, 5 }, { 13, 5 }, { 14, 5 }, { 20,
    8 }, { 21, 8 }, { 20, 9 }, { 21, 9 } } do
    g[c[2] * W + c[1]] = true
end
for _ = 1, 20 do
    local n = {}
    for y = 0, H - 1 do
        for x = 0, W - 1 do
            local c = 0
            for dy = -1, 1 do
                for dx = -1, 1 do
                    if (dx ~= 0 or dy ~= 0) and g[(y + dy) % H * W + (x + dx) % W] then c = c + 1 end
                end
            end
            if c == 3 or c == 2 and g[y * W + x] then n[y * W + x] = true end
        end
    end
    g = n
end
for y = 0, H - 1 do
    local l = {}
    for x = 0, W - 1 do l[#l + 1] = g[y * W + x] and "#" or "." end
    print(table.concat(l))
end
local function queens(n)
    local c, cols, d1, d2 = 0, {}, {}, {}
    local function place(r)
        if r > n then c = c + 1 return end
        for i = 1, n do
            if not (cols[i] or d1[r + i] or d2[r - i + n]) then
                cols[i], d1[r + i], d2[r - i + n] = true, true, true
                place(r + 1)
                cols[i], d1[r + i], d2[r - i + n] = nil, nil, nil
            end
        end
    end
    place(1)
    return c
end
print(queens(6), queens(7))
local ops = { push = function(s, v)
    s[#s + 1] = v
end, add = function(s)
    local b = table.remove(s)
    s[#s] = s[#s] + b
end, mul = function(s)
    local b = table.remove(s)
    s[#s] = s[#s] * b
end, dup = function(s)
    s[#s + 1] = s[#s]
end }
local st = {}
for _, i in ipairs { { "push", 3 }, { "dup" }, { "mul" }, { "push", 4 }, { "dup" }, { "mul" }, { "add" } } do
    ops[i[1]](st, i[2])
end
print(st[1])
local graph = { A = { B = 4, C = 2 }, B = { D = 5 }, C = { B = 1, D = 8, E = 10 }, D = { E = 2, F = 6 }, E = {
    F = 3 }, F = {} }
local dist, done = { A = 0 }, {}
while true do
    local best
    for k, v in pairs(dist) do if not done[k] and (not best or v < dist[best]) then best = k end end
    if not best then break end
    done[best] = true
    for k, w in pairs(graph[best]) do
        local d = dist[best] + w
        if not dist[k] or d < dist[k] then dist[k] = d end
    end
end
print(dist.B, dist.D, dist.E, dist.F)
local function bigmul(a, m)
    local c = 0
    for i = 1, #a do local v = a[i] * m + c a[i] = v % 10000000 c = v // 10000000 end
    while c > 0 do a[#a + 1] = c % 10000000 c = c // 10000000 end
end
local f = { 1 }
for i = 2, 150 do bigmul(f, i) end
local o = { tostring(f[#f]) }
for i = #f - 1, 1, -1 do o[#o + 1] = ("%07d"):format(f[i]) end
print(table.concat(o))
local K = {}
do
    local n, c = 2, 0
    while c < 64 do
        local p = true
        for i = 2, math.floor(n ^ 0.5) do if n % i == 0 then p = false break end end
        if p then c = c + 1 local r = n ^ (1 / 3) K[c] = math.floor((r - math.floor(r)) * 2 ^ 32) end
        n = n + 1
    end
end
local function sha256(m)
    local len = #m * 8
    m = m .. "\128" .. ("\0"):rep((55 - #m) % 64) .. string.pack(">I8", len)
    local h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
        }
    local function rr(x, n) return (x >> n | x << 32 - n) & 0xffffffff end
    for b = 1, #m, 64 do
        local w = { string.unpack((">I4"):rep(16), m, b) }
        for i = 17, 64 do
            local s0 = rr(w[i - 15], 7) ~ rr(w[i - 15], 18) ~ w[i - 15] >> 3
            local s1 = rr(w[i - 2], 17) ~ rr(w[i - 2], 19) ~ w[i - 2] >> 10
            w[i] = w[i - 16] + s0 + w[i - 7] + s1 & 0xffffffff
        end
        local a, bb, c, d, e, ff, gg, hh = table.unpack(h)
        for i = 1, 64 do
            local t1 = hh + (rr(e, 6) ~ rr(e, 11) ~ rr(e, 25)) + (e & ff ~ ~e & gg) + K[i] + w[i]
            local t2 = (rr(a, 2) ~ rr(a, 13) ~ rr(a, 22)) + (a & bb ~ a & c ~ bb & c)
            hh, gg, ff, e, d, c, bb, a = gg, ff, e, d + t1 & 0xffffffff, c, bb, a, t1 + t2 & 0xffffffff
        end
        for i, v in ipairs { a, bb, c, d, e, ff, gg, hh } do h[i] = h[i] + v & 0xffffffff end
    end
    return (("%08x"):rep(8)):format(table.unpack(h))
end
print(sha256(""))
print(sha256("abc"))
print(sha256(("a"):rep(1000)))
