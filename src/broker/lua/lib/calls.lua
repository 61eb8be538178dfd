-- Whether a message is a call of a task. `call` is how the body of such a call begins: `["Some.task",`; '' for any.
local function is_call(message, call)
  local at = body_start(message)
  return string.sub(message, at, at + #call - 1) == call
end
