-- What the load scripts share: a random seed per thread, the token, a request with a gap that is
-- filled anew each time, and one line of figures at the end for `run`.
-- wrk without a script of its own takes this file: its requests are then all the same.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

-- Call this in `init`.
function prepare()
  local seed = tonumber(os.getenv("LOAD_SEED") or "") or os.time()
  math.randomseed(seed * 64 + thread_number)
  wrk.headers["Authorization"] = "JWT " .. os.getenv("LOAD_TOKEN")
end

-- The request as text, cut open where `gap` stands: what fills the gap must be as long, or the
-- length of the body would be wrong. Joining three texts costs less than formatting a request.
function request_around(gap, method, path, body)
  local text = wrk.format(method, path, nil, body)
  local from, to = text:find(gap, 1, true)
  return text:sub(1, from - 1), text:sub(to + 1)
end

-- RESULT requests microseconds p50_us p99_us max_us errors_status errors_socket
function done(summary, latency)
  local e = summary.errors
  io.write(("RESULT %d %d %d %d %d %d %d\n"):format(
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max,
    e.status, e.connect + e.read + e.write + e.timeout))
end
