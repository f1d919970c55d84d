-- GET of the URL as it stands, query and all, with the token.
dofile(os.getenv("LOAD_LUA") .. "/common.lua")

function init()
  prepare()
end
