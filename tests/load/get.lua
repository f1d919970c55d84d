-- GET {path of the URL}/{id} of a random customer from 1 to LOAD_COUNT.
dofile(os.getenv("LOAD_LUA") .. "/common.lua")

local count = tonumber(os.getenv("LOAD_COUNT"))
local gap = ("@"):rep(24)
local head, tail

function init()
  prepare()
  head, tail = request_around(gap, "GET", wrk.path .. "/" .. gap)
end

function request()
  return head .. ("%024x"):format(math.random(count)) .. tail
end
