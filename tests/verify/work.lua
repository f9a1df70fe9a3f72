local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 10007 end
table.sort(t) local s = 0.5 for i = 1, 100000 do s = s * 1.01 % 7 end
local words = {} for w in (("the quick brown fox "):rep(300)):gmatch("%a+") do words[w] = (words[w] or 0) + 1 end
print(s, t[100], words.quick, string.format("%q %5.3f %x", "a\nb", 2 / 3, 255), pcall(error, {}))
