-- The bytecode of a loop: integers, calls, tables; more instructions than the others.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(23))
local t = {}
for i = 1, 50000 do t[i] = (i * 7919) % 65537 end
local s = 0
for i = 1, #t do s = (s * 31 + t[i]) & 0xffffffff end
print(s)
local c = {}
for i = 2, 60000 do if not c[i] then s = s + i for j = i * i, 60000, i do c[j] = true end end end
print(s)
local parts = {}
for i = 1, 5000 do parts[#parts + 1] = string.format("%d:%s", i, tostring(i * 0.5)) end
print(#table.concat(parts, ","))
local m, n = {}, 40
for i = 1, n do m[i] = {} for j = 1, n do m[i][j] = i * j % 10 end end
local r = {}
for i = 1, n do r[i] = {} for j = 1, n do local a = 0 for k = 1, n do a = a + m[i][k] * m[k][j] end r[i][j] = a end end
print(r[1][1], r[20][20], r[40][40])
