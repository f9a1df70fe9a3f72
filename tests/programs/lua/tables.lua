-- Tables: sorting, insertion, metatables, iteration, moves.
local t = { 5, 2, 8, 1, 9, 3 }
table.sort(t)
print(table.concat(t, " "))
table.sort(t, function(a, b) return a > b end)
print(table.concat(t, " "))
table.insert(t, 7)
table.insert(t, 1, 0)
print(table.remove(t), table.remove(t, 1), table.concat(t, ","))
print(#t, select("#", table.unpack(t)), table.unpack(t, 2, 4))
print(table.concat(table.move({ 1, 2, 3 }, 1, 3, 3, { 9, 9 }), " "), table.pack(1, nil, 3).n)
local big, x = {}, 42
for i = 1, 5000 do x = (x * 1103515245 + 12345) % 2147483648 big[i] = x end
table.sort(big)
for i = 2, #big do assert(big[i - 1] <= big[i]) end
print(big[1], big[2500], big[5000])
local words = {}
for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words, function(a, b) if #a ~= #b then return #a < #b end return a < b end)
print(table.concat(words, " "))
local Account = {}
Account.__index = Account
function Account.new(b) return setmetatable({ balance = b }, Account) end
function Account:deposit(v) self.balance = self.balance + v return self end
Account.__tostring = function(a) return "Account(" .. a.balance .. ")" end
Account.__eq = function(a, b) return a.balance == b.balance end
Account.__lt = function(a, b) return a.balance < b.balance end
Account.__le = function(a, b) return a.balance <= b.balance end
Account.__add = function(a, b) return Account.new(a.balance + b.balance) end
Account.__call = function(self, v) return self.balance * v end
Account.__len = function(a) return a.balance end
Account.__concat = function(a, b) return tostring(a) .. "|" .. tostring(b) end
Account.__unm = function(a) return Account.new(-a.balance) end
Account.__close = function() print("closed") end
Account.__name = "Account"
local a, b = Account.new(100), Account.new(50)
print(tostring(a:deposit(25)), a == b, a < b, a <= b, tostring(a + b), a(3), #a, a .. b, a .. "x",
    tostring(-a))
do local c <close> = Account.new(1) print("in scope") end
print(rawlen(a), rawequal(a, a), rawget(a, "deposit"), a.deposit ~= nil)
local Savings = setmetatable({}, { __index = Account })
Savings.__index = Savings
local s = setmetatable({ balance = 10 }, Savings)
print(s:deposit(5).balance, getmetatable(s) == Savings)
local log = {}
local proxy = setmetatable({}, { __index = function(_, k)
    log[#log + 1] = "get " .. k
    return k .. "!"
end, __newindex = function(t, k, v)
    log[#log + 1] = "set " .. k
    rawset(t, k, v)
end, __pairs = function(t)
    return function(_, k) if not k then return 1, "one" end end, t, nil
end })
print(proxy.foo, proxy.bar)
proxy.foo = 1
print(proxy.foo, table.concat(log, ", "))
for k, v in pairs(proxy) do print(k, v) end
local memo = setmetatable({}, { __mode = "k" })
do local key = {} memo[key] = 1 end
collectgarbage()
print(next(memo))
local ro = setmetatable({}, { __newindex = function()
    error("read-only table", 2)
end, __metatable = "locked" })
print(pcall(function() ro.x = 1 end))
print(getmetatable(ro), pcall(setmetatable, ro, {}))
print(pcall(function() return {} < {} end))
print(pcall(function() return {} .. "x" end))
print(pcall(function() return #5 end))
print(pcall(function() local t = nil; return t.x end))
print(pcall(function() undefinedfunction() end))
print(pcall(next, {}, "nokey"))
print(pcall(rawset, {}, nil, 1))
print(pcall(function() local t = {} t[0/0] = 1 end))
local holes = { 1, 2, nil, 4 }
print(#holes == 4 or #holes == 2, holes[4])
local keys = { [1] = "a", [1.0] = "b", ["1"] = "c", [true] = "d" }
print(keys[1], keys["1"], keys[true], keys[2^0])
local q = { first = 1, last = 0 }
for i = 1, 10 do q.last = q.last + 1 q[q.last] = i * i end
local sum = 0
while q.first <= q.last do sum = sum + q[q.first] q[q.first] = nil q.first = q.first + 1 end
print(sum)
for i, v in ipairs({ 1, 2, nil, 4 }) do io.write(i, "=", v, " ") end
print()
local cnt = 0
for k in pairs({ a = 1, b = 2, c = 3, 10, 20 }) do cnt = cnt + 1 end
print(cnt)
local function permute(l, n, out)
    if n == 0 then
        out[#out + 1] = table.concat(l)
    else
        for i = 1, n do l[n], l[i] = l[i], l[n] permute(l, n - 1, out) l[n], l[i] = l[i], l[n] end
    end
    return out
end
local ps = permute({ "a", "b", "c", "d" }, 4, {})
table.sort(ps)
print(#ps, ps[1], ps[12], ps[24])
local function serialize(v, ind)
    ind = ind or ""
    if type(v) ~= "table" then return string.format("%q", v) end
    local ks, o = {}, {}
    for k in pairs(v) do ks[#ks + 1] = k end
    table.sort(ks, function(a, b) return tostring(a) < tostring(b) end)
    for _, k in ipairs(ks) do
        o[#o + 1] = ind .. "  " .. tostring(k) .. " = " .. serialize(v[k], ind .. "  ")
    end
    return "{\n" .. table.concat(o, ",\n") .. "\n" .. ind .. "}"
end
print(serialize { x = 1, y = { z = "str", 1.5, true }, [3] = false })
local set = {}
for i = 1, 2000 do set[i * 7919 % 10007] = i end
local c, xor = 0, 0
for k, v in pairs(set) do c = c + 1 xor = xor ~ (k * v) end
print(c, xor)
for k in pairs(set) do if k % 3 == 0 then set[k] = nil end end
c = 0
for _ in pairs(set) do c = c + 1 end
print(c)
print(pcall(table.concat, { 1, {}, 3 }))
print(pcall(table.insert, { 1 }, 5, 2))
print(pcall(table.sort, { 3, 1, "x" }))
print(pcall(table.sort, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function() return true end))
print(#table.pack(table.unpack({}, 1, 200)), pcall(table.unpack, {}, 1, 1e8))
