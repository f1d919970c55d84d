-- Requests of billing scripts and boxes, picked by LOAD_MODE; accounts are numbered from 1 to LOAD_COUNT.
dofile(os.getenv("LOAD_LUA") .. "/common.lua")

local mode = os.getenv("LOAD_MODE")
local count = tonumber(os.getenv("LOAD_COUNT"))
local made = 0
local tokens = {}

local function mac(number)
  return ("00:1A:79:%02X:%02X:%02X"):format(
    math.floor(number / 65536) % 256, math.floor(number / 256) % 256, number % 256)
end

local function form(method, path, body)
  return wrk.format(method, wrk.path .. path, nil, body)
end

-- A new account; `more`: further fields.
local function account(more)
  made = made + 1
  local name = ("n%s-%s-%d-%d"):format(mode, os.getenv("LOAD_RUN"), thread_number, made)
  local body = "login=" .. name .. "&full_name=Nora+Newcome&account_number=" .. name
    .. "&tariff_plan=FULL&status=1" .. more
  return form("POST", "/accounts", body)
end

local requests = {
  number = function() return form("GET", "/accounts/" .. math.random(count)) end,
  mac = function() return form("GET", "/accounts/" .. mac(math.random(count))) end,
  login = function() return form("GET", "/users/u" .. math.random(count)) end,
  create = function() return account("") end,
  secret = function() return account("&password=secret" .. made) end,
  status = function()
    made = made + 1
    return form("PUT", "/accounts/" .. math.random(count), "status=" .. (made % 2))
  end,
  poll = function()
    local held = tokens[math.random(#tokens)]
    local headers = { Cookie = "mac=" .. held[1], Authorization = "Bearer " .. held[2] }
    return wrk.format("GET", wrk.path .. "?type=watchdog&action=get_events&init=0"
      .. "&cur_play_type=1&event_active_id=0&JsHttpRequest=1-xml", headers)
  end,
}

function init()
  prepare()
  wrk.headers["Authorization"] = "Basic " .. os.getenv("LOAD_BASIC")
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  if mode == "poll" then
    for line in io.lines(os.getenv("LOAD_TOKENS")) do
      local held, token = line:match("(%S+) (%S+)")
      tokens[#tokens + 1] = { held, token }
    end
  end
end

function request()
  return requests[mode]()
end
