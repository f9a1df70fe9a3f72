-- Functions, closures, varargs, goto, coroutines, error handling.
local function counter()
    local n = 0
    return function() n = n + 1 return n end, function() return n end
end
local inc, get = counter()
inc()
inc()
print(get())
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 10 return i end end
print(fs[1](), fs[1](), fs[2]())
local function va(...) local a, b = ... return select("#", ...), a, b, ... end
print(va())
print(va(1, nil, 3))
print((va(1, 2)))
print(select(-1, 1, 2, 3), select(2, "a", "b", "c"))
local function tail(n) if n == 0 then return "done" end return tail(n - 1) end
print(tail(100000))
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end io.write(i, j, " ") ::continue:: end end
print()
do local i = 1 ::top:: if i <= 3 then io.write(i, " ") i = i + 1 goto top end print() end
local i = 0
repeat local done = i >= 3 i = i + 1 until done
print(i)
while true do i = i - 1 if i < 0 then break end end
print(i)
local co = coroutine.create(function(a, b)
    print("start", a, b)
    local c = coroutine.yield(a + b)
    print("got", c)
    local d, e = coroutine.yield(c * 2)
    print("got", d, e)
    return "end", d + e
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.status(co))
print(coroutine.resume(co, 10))
print(coroutine.resume(co, 3, 4))
print(coroutine.status(co), coroutine.resume(co))
print(coroutine.isyieldable(), select(2, coroutine.running()))
local function gen(n)
    return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
end
local s = 0
for v in gen(1000) do s = s + v end
print(s)
local function perm(a, n)
    n = n or #a
    if n <= 1 then
        coroutine.yield(table.concat(a))
    else
        for i = 1, n do a[n], a[i] = a[i], a[n] perm(a, n - 1) a[n], a[i] = a[i], a[n] end
    end
end
for p in coroutine.wrap(function() perm { 1, 2, 3 } end) do io.write(p, " ") end
print()
local function primes()
    local function filter(p, g)
        return coroutine.wrap(function()
            for n in g do if n % p ~= 0 then coroutine.yield(n) end end
        end)
    end
    return coroutine.wrap(function()
        local g = coroutine.wrap(function()
            local n = 2
            while true do coroutine.yield(n) n = n + 1 end
        end)
        while true do local p = g() coroutine.yield(p) g = filter(p, g) end
    end)
end
local p = primes()
for _ = 1, 25 do io.write(p(), " ") end
print()
local bad = coroutine.create(function() error({ code = 42 }) end)
local ok, e = coroutine.resume(bad)
print(ok, type(e), e.code)
print(coroutine.resume(coroutine.create(function() error("message") end)))
print(pcall(coroutine.wrap(function() error("in wrap", 0) end)))
print(coroutine.close(coroutine.create(print)))
local cl = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() print("closing") end })
    coroutine.yield()
end)
coroutine.resume(cl)
print(coroutine.close(cl), coroutine.status(cl))
print(pcall(coroutine.yield))
print(coroutine.resume(coroutine.running()))
local w = coroutine.wrap(function()
    return pcall(function() coroutine.yield("through pcall") error("after") end)
end)
print(w())
print(w())
print(pcall(error))
print(pcall(error, "msg", 0))
print(pcall(error, nil))
print(select(2, pcall(error, setmetatable({}, { __tostring = function()
    return "custom"
end }))) ~= nil)
print(xpcall(function() error("deep") end, function(m) return "handled: " .. m end))
print(xpcall(function(...) return ... end, print, 1, 2))
print(select("#", pcall(error, nil)))
print(pcall(function()
    local ok, e = pcall(error, "inner")
    error("outer after " .. e, 0)
end))
local function overflow() return 1 + overflow() end
local ok, m = pcall(overflow)
print(ok, m:match("stack overflow"))
print(pcall(string.rep))
print(pcall(setmetatable, 1, 2))
print(pcall(function() error() end))
print(pcall(load, nil))
print(load("return 1 +"))
print(load("x = = 1"))
print(load("for"))
print(load("goto nowhere"))
print(load("break"))
print(load("local x <const> = 1; x = 2"))
print(load("return ...")(7))
print(type(load(function() return nil end)))
local parts = { "return ", "1 ", "+ 2" }
local k = 0
print(load(function() k = k + 1 return parts[k] end)())
local env = { y = 5 }
print(load("y = y + 1 return y", "chunk", "t", env)(), env.y)
local d = string.dump(function(a) return a * 2 end)
print(load(d, "d", "b")(21), pcall(load, d, "d", "t"))
print(debug.traceback("trace", 1):match("^trace\nstack traceback:") ~= nil, debug.getinfo(1, "l").currentline,
    debug.getinfo(print).what)
local function compose(...)
    local f = { ... }
    return function(x) for i = #f, 1, -1 do x = f[i](x) end return x end
end
print(compose(function(x) return x + 1 end, function(x) return x * 2 end)(5))
local function curry(f, n)
    return n <= 1 and f or function(a)
        return curry(function(...) return f(a, ...) end, n - 1)
    end
end
print(curry(function(a, b, c) return a + b + c end, 3)(1)(2)(3))
local Y = function(f)
    return (function(x)
        return x(x)
    end)(function(x)
        return f(function(...) return x(x)(...) end)
    end)
end
print(Y(function(self)
    return function(n) return n < 2 and n or self(n - 1) + self(n - 2) end
end)(18))
local memo = setmetatable({}, { __index = function(t, n)
    local v = n < 2 and n or t[n - 1] + t[n - 2]
    t[n] = v
    return v
end })
print(memo[80])
print(require("string") == string, pcall(require, "nosuchmodule") == false, package.loaded.math == math,
    type(package.path))
error({ code = 5 })
