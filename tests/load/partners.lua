-- Requests of partners, picked by LOAD_MODE; customers are numbered from 1 to LOAD_COUNT.
dofile(os.getenv("LOAD_LUA") .. "/common.lua")

local mode = os.getenv("LOAD_MODE")
local count = tonumber(os.getenv("LOAD_COUNT"))
local made = 0

local function account()
  return ("+1416%07d"):format(math.random(count))
end

local requests = {
  validate = function()
    return wrk.format("POST", wrk.path .. "/account/validate", nil, '{"accountIdentifier":"' .. account() .. '"}')
  end,
  charge = function()
    made = made + 1
    local body = ('{"extTransactionID":"%s-%d-%d","accountIdentifier":"%s","amount":9.99,"currency":"USD",'
      .. '"description":"Monthly plan","productCode":"STD"}'):format(
      os.getenv("LOAD_RUN"), thread_number, made, account())
    return wrk.format("POST", wrk.path .. "/transaction", nil, body)
  end,
}

function init()
  prepare()
  wrk.headers["Authorization"] = nil
  wrk.headers["X-API-KEY"] = os.getenv("LOAD_KEY")
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  return requests[mode]()
end
