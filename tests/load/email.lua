-- GET {path of the URL}?email= of a random customer from 1 to LOAD_COUNT.
dofile(os.getenv("LOAD_LUA") .. "/common.lua")

local count = tonumber(os.getenv("LOAD_COUNT"))
local gap = ("@"):rep(8)
local head, tail

function init()
  prepare()
  head, tail = request_around(gap, "GET", wrk.path .. "?email=u" .. gap .. "%40example.com")
end

function request()
  return head .. ("%08d"):format(math.random(count)) .. tail
end
