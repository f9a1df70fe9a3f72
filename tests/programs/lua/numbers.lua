-- Integers and floats: arithmetic, conversions, formatting, the math library.
print(1 // 3, -7 // 2, -7 % 3, 7 % -3, 7 // 0.0, -7 // 0.0, 0/0 ~= 0/0, 5.3 % 2, -5.3 % 2, 5 % math.huge, -5 %
    math.huge)
print(2^53, 2^53 + 1, 1e15, 1e16, 1e100, -1e-7, 123456.789, 0.1 + 0.2, 100, 100.0, 1e2, -0.0, 1/-0.0)
print(math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger, math.mininteger // -1,
    math.mininteger % -1)
print(3 | 4, 7 & 2, 5 ~ 3, ~0, 1 << 63, 1 << 64, -1 >> 1, 1 << -1, 2^31 | 0, "10" + 5, "0x10" + 0, "1e1" * 1)
print(math.type(1), math.type(1.0), math.type("1"), math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"))
print(pcall(function() return 1 // 0 end))
print(pcall(function() return 1 % 0 end))
print(pcall(function() return 1.5 | 1 end))
print(pcall(function() return 2^64 | 0 end))
print(1 < 1.5, 1 == 1.0, math.maxinteger < math.huge, math.maxinteger + 0.0 == 2^63, math.maxinteger == 2^63,
    2^53 == 2^53 + 1, math.ult(1, -1), -1 < 1)
for _, x in ipairs { 0.1, 1/3, 2/3, 1e21, 1e-5, 123456789.123, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, math.pi } do
  print(string.format("%.17g %.14g %g %e %.3f %a %5.1f %+.2e", x, x, x, x, x, x, x, x))
end
for i = -5, 5 do
  local x = i * 0.7 + 0.05
  print(string.format("%.15g %.15g %.15g %.15g %.15g %d %d %.15g", math.sin(x), math.cos(x), math.tan(x),
      math.exp(x), math.atan(x, 2), math.floor(x), math.ceil(x), math.fmod(x, 1.3)))
end
for _, x in ipairs { 0.5, 1, 2, 10, 1000, 1e-10, 1e300 } do
    print(string.format("%.15g %.15g %.15g %.15g %.15g", math.log(x), math.log(x, 2), math.log(x, 10),
        math.sqrt(x), x^0.3))
end
print(math.asin(1), math.acos(0), math.asin(2) ~= math.asin(2), math.log(0), math.log(-1) ~= math.log(-1),
    math.sqrt(-1) ~= math.sqrt(-1), math.exp(1000), math.abs(-0.0), math.abs(math.mininteger))
print(math.max(1, 2.5, -3), math.min(4, 2, 8.1), math.modf(3.7), math.modf(-3.7), math.modf(math.huge), math.modf(5))
print(tonumber("0x1p4"), tonumber("1e"), tonumber("  12  "), tonumber("12a"), tonumber("ff", 16),
    tonumber("zz", 36), tonumber("8", 8), tonumber("1.5e3"), tonumber("0x.8"), tonumber(""), tonumber("inf"),
    tonumber("9223372036854775808"), tonumber("-9223372036854775808"))
print(string.format("%d %5d %-5d| %05d %+d %x %X %#x %o %c %i %u", 42, 42, 42, 42, 42, 255, 255, 255, 8, 65,
    7, 9), string.format("%q", 1/3), string.format("%q", math.mininteger),
    string.format("%.0f %.1f %.2f %.3f", 0.5, 0.25, 2.675, 1.0005), string.format("%.99f", 1/3))
print(8 // 3 .. "", 8.0 // 3 .. "", 2^2 .. "", 10 / 2 .. "", 3 * 1.0 .. "", 7 // 1 | 0, 1e308 * 10, -1e308 *
    10, 2^1023 * 2, 5 // 0.3)
local s, p, h = 0, 1, 0
for i = 1, 20000 do s = s + 1 / (i * i); h = h + (i % 2 == 1 and 1 or -1) / (2 * i - 1); p = p * (1 + 1e-4 / i) end
print(string.format("%.17g %.17g %.17g", s, 4 * h, p))
local x, n = 1, 0
for i = 1, 5000 do x = (x * 6364136223846793005 + 1442695040888963407); n = n ~ (x >> 33) end
print(x, n, x // 1000, x % 1000, x * 1.0)
local function fact(n) return n <= 1 and 1 or n * fact(n - 1) end print(fact(20), fact(21), fact(25.0), fact(170.0))
for f = 1, 2, 0.25 do io.write(f, " ") end
for i = 3, 1 do io.write("never") end
for i = math.maxinteger - 1, math.maxinteger do io.write(i, " ") end
for i = 1, 3 do local i = i * 2 io.write(i, " ") end
print()
print(pcall(function() for i = 1, 10, 0 do end end))
print(#tostring(2^63), 2^63 // 1, math.floor(2^31 + 0.5), math.floor(-2^63), pcall(math.floor, {}))
