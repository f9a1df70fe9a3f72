-- What scripts in Lua do: tables, closures, strings, numbers. work.lua TURNS
local Point = {}
Point.__index = Point
function Point.new(x, y) return setmetatable({x = x, y = y}, Point) end
function Point:add(o) return Point.new(self.x + o.x, self.y + o.y) end

local function walk(steps)
    local at, seen, crossed = Point.new(0, 0), {}, 0
    local moves = {Point.new(1, 0), Point.new(0, 1), Point.new(-1, 0), Point.new(0, -1)}
    local seed = 1
    for _ = 1, steps do
        seed = (seed * 1103515245 + 12345) % 2147483648
        at = at:add(moves[(seed >> 16) % 4 + 1])
        local key = at.x .. "," .. at.y
        if seen[key] then crossed = crossed + 1 end
        seen[key] = true
    end
    return crossed
end

local function words(n)
    local parts = {}
    for i = 1, n do parts[i] = string.format("%s-%d", ("word"):rep(i % 3 + 1), i * 7 % 101) end
    local text, counts = table.concat(parts, " "), {}
    for word in text:gmatch("%a+") do counts[word] = (counts[word] or 0) + 1 end
    table.sort(parts)
    return parts[1], #text, counts.word, (text:gsub("%d", "#")):sub(1, 12)
end

local function mandelbrot(n)
    local inside = 0
    for py = 0, n - 1 do
        for px = 0, n - 1 do
            local x0, y0, x, y, i = px / n * 3 - 2, py / n * 2 - 1, 0.0, 0.0, 0
            while i < 50 and x * x + y * y < 4 do
                x, y, i = x * x - y * y + x0, 2 * x * y + y0, i + 1
            end
            if i == 50 then inside = inside + 1 end
        end
    end
    return inside
end

local function adders(n)
    local list = {}
    for i = 1, n do list[i] = function(x) return x + i end end
    local sum = 0
    for i = 1, n do sum = list[i](sum) % 1000003 end
    return sum
end

for turn = 1, tonumber(arg[1]) do
    print(turn, walk(6000), adders(4000), mandelbrot(40), words(1500))
end
