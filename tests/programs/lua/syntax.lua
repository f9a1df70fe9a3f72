-- A syntax error.
print("never")
local x = = 5
