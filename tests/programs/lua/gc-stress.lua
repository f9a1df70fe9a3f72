-- The collector: many objects, finalizers, weak tables, both modes.
collectgarbage("incremental")
local live = {}
for r = 1, 30 do for i = 1, 500 do live[i] = { i, tostring(i), { r } } end end
local s = 0
for i = 1, 500 do s = s + live[i][1] + #live[i][2] + live[i][3][1] end
print(s)
live = nil
collectgarbage()
print(collectgarbage("count") < 2000)
local n = 0
for i = 1, 200 do setmetatable({}, { __gc = function() n = n + 1 end }) end
collectgarbage()
collectgarbage()
print(n)
collectgarbage("generational")
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 100 do weak[i] = { i } end
collectgarbage()
local left = 0
for _ in pairs(weak) do left = left + 1 end
print(left)
local t = {}
for i = 1, 20000 do t[i % 100] = { t[i % 50] and 1 or 2, ("s"):rep(i % 10) } end
local c = 0
for k, v in pairs(t) do c = c + v[1] + #v[2] end
print(c)
local order = {}
for i = 1, 5 do setmetatable({}, { __gc = function() order[#order + 1] = i end }) end
collectgarbage()
print(table.concat(order, " "))
collectgarbage("incremental", 180, 200)
local str = {}
for i = 1, 3000 do str[#str + 1] = ("key%d"):format(i % 300) end
local u = {}
for _, k in ipairs(str) do u[k] = (u[k] or 0) + 1 end
print(u.key1, u.key299)
local function tree(d) return d == 0 and {} or { tree(d - 1), tree(d - 1) } end
local function count(t) return t[1] and 1 + count(t[1]) + count(t[2]) or 1 end
print(count(tree(12)))
for d = 4, 10, 2 do local tot = 0 for _ = 1, 20 do tot = tot + count(tree(d)) end print(d, tot) end
local res
local obj = setmetatable({ v = 9 }, { __gc = function(o) res = o end })
obj = nil
collectgarbage()
print(res.v)
collectgarbage("stop")
print(collectgarbage("isrunning"))
collectgarbage("restart")
print(collectgarbage("step", 1000))
local eph = setmetatable({}, { __mode = "k" })
do local k = {} eph[k] = { k } end
collectgarbage()
print(next(eph))
local cos = {}
for i = 1, 300 do
    cos[i] = coroutine.wrap(function()
        local x = i
        while true do x = x + coroutine.yield(x) end
    end)
    cos[i]()
end
local z = 0
for r = 1, 5 do for i = 1, 300 do z = z + cos[i](r) end end
print(z)
cos = nil
collectgarbage()
local b = {}
for i = 1, 50 do b[i] = ("x"):rep(i * 1000) end
print(#table.concat(b))
setmetatable({}, { __gc = function() print("at exit") end })
