-- Floating point in loops; every bit of the result shows.
local PI, DAYS = 3.141592653589793, 365.24
local M = 4 * PI * PI
local bodies = { { 0, 0, 0, 0, 0, 0, M }, { 4.84143144246472090e+00, -1.16032004402742839e+00,
    -1.03622044471123109e-01, 1.66007664274403694e-03 * DAYS, 7.69901118419740425e-03 * DAYS,
    -6.90460016972063023e-05 * DAYS, 9.54791938424326609e-04 * M }, { 8.34336671824457987e+00,
    4.12479856412430479e+00, -4.03523417114321381e-01, -2.76742510726411e-03 * DAYS, 4.99852801234917238e-03 *
    DAYS, 2.30417297573763929e-05 * DAYS, 2.85885980666130812e-04 * M } }
local function advance(dt)
    for i = 1, #bodies do
        local a = bodies[i]
        for j = i + 1, #bodies do
            local b = bodies[j]
            local dx, dy, dz = a[1] - b[1], a[2] - b[2], a[3] - b[3]
            local d2 = dx * dx + dy * dy + dz * dz
            local mag = dt / (d2 * math.sqrt(d2))
            a[4], a[5], a[6] = a[4] - dx * b[7] * mag, a[5] - dy * b[7] * mag, a[6] - dz * b[7] * mag
            b[4], b[5], b[6] = b[4] + dx * a[7] * mag, b[5] + dy * a[7] * mag, b[6] + dz * a[7] * mag
        end
    end
    for _, b in ipairs(bodies) do b[1], b[2], b[3] = b[1] + dt * b[4], b[2] + dt * b[5], b[3] + dt * b[6] end
end
local function energy()
    local e = 0
    for i, b in ipairs(bodies) do
        e = e + 0.5 * b[7] * (b[4] ^ 2 + b[5] ^ 2 + b[6] ^ 2)
        for j = i + 1, #bodies do
            local c = bodies[j]
            e = e - b[7] * c[7] / math.sqrt((b[1] - c[1]) ^ 2 + (b[2] - c[2]) ^ 2 + (b[3] - c[3]) ^ 2)
        end
    end
    return e
end
print(("%.17g"):format(energy()))
for _ = 1, 2000 do advance(0.01) end
print(("%.17g"):format(energy()))
for _, b in ipairs(bodies) do print(("%.17g %.17g %.17g %a"):format(b[1], b[2], b[3], b[4])) end
local function A(i, j) local ij = i + j - 1 return 1.0 / (ij * (ij - 1) * 0.5 + i) end
local n = 24
local function Av(x, y, tr)
    for i = 1, n do local a = 0 for j = 1, n do a = a + x[j] * (tr and A(j, i) or A(i, j)) end y[i] = a end
end
local u, v, t = {}, {}, {}
for i = 1, n do u[i] = 1 end
for _ = 1, 6 do Av(u, t) Av(t, v, true) Av(v, t) Av(t, u, true) end
local vBv, vv = 0, 0
for i = 1, n do vBv = vBv + u[i] * v[i] vv = vv + v[i] * v[i] end
print(("%.17g"):format(math.sqrt(vBv / vv)))
for y = -12, 12, 2 do
    local l = {}
    for x = -30, 12 do
        local cr, ci, zr, zi, k = x / 15, y / 10, 0, 0, 0
        while k < 50 and zr * zr + zi * zi < 4 do
            zr, zi, k = zr * zr - zi * zi + cr, 2 * zr * zi + ci, k + 1
        end
        l[#l + 1] = (" .:-=+*#%@"):sub(k * 10 // 56 + 1, k * 10 // 56 + 1)
    end
    print(table.concat(l))
end
local function fft(re, im, inv)
    local n = #re
    if n == 1 then return end
    local er, ei, dr, di = {}, {}, {}, {}
    for i = 1, n, 2 do
        er[#er + 1], ei[#ei + 1], dr[#dr + 1], di[#di + 1] = re[i], im[i], re[i + 1], im[i + 1]
    end
    fft(er, ei, inv)
    fft(dr, di, inv)
    for k = 1, n / 2 do
        local a = (inv and 2 or -2) * PI * (k - 1) / n
        local c, s = math.cos(a), math.sin(a)
        local tr, ti = c * dr[k] - s * di[k], s * dr[k] + c * di[k]
        re[k], im[k], re[k + n // 2], im[k + n // 2] = er[k] + tr, ei[k] + ti, er[k] - tr, ei[k] - ti
    end
end
local re, im = {}, {}
for i = 1, 128 do re[i], im[i] = i % 17 - 8, 0 end
fft(re, im)
print(("%.12g %.12g %.12g"):format(re[2], im[9], re[65]))
fft(re, im, true)
local err = 0
for i = 1, 128 do err = math.max(err, math.abs(re[i] / 128 - (i % 17 - 8))) end
print(err < 1e-12)
local sx = 0
for i = 1, 3000 do sx = sx + math.sin(i) * math.exp(-i / 1000) + math.log(i) / (1 + i) ^ 0.5 end
print(("%.12g"):format(sx))
local x = 0.3
for _ = 1, 1000 do x = 3.99 * x * (1 - x) end
print(("%.17g"):format(x))
local k, acc = 1.0, 0
while k > 5e-324 do k = k / 2 acc = acc + 1 end
print(acc, k, k / 2)
print(0.1 * 3, 1 - 0.9, 1e16 + 1, 2^0.5 * 2^0.5 == 2, 1e-320 * 0.5, -1e-320, 1e308 + 1e308 - 1e308)
