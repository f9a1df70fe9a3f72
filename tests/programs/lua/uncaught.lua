-- An error that nobody catches: message, traceback, status.
local function inner(x) return x.field.deeper end
local function outer() inner({}) end
print("before")
outer()
