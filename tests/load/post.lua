-- POST of a new customer to the path of the URL. LOAD_RUN and the thread's number keep the e-mail
-- addresses of all runs apart.
dofile(os.getenv("LOAD_LUA") .. "/common.lua")

local gap = ("@"):rep(10)
local made = 0
local head, tail

function init()
  prepare()
  wrk.headers["Content-Type"] = "application/json"
  local email = ("new-%s-%d-%s@example.com"):format(os.getenv("LOAD_RUN"), thread_number, gap)
  local body = ('{"email":"%s","firstName":"Nora","lastName":"Newcome"}'):format(email)
  head, tail = request_around(gap, "POST", wrk.path, body)
end

function request()
  made = made + 1
  return head .. ("%010d"):format(made) .. tail
end
