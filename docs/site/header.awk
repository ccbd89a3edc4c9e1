# A public header as Doxygen takes it: functions of one name that follow each other share the comment of the first, and
# so do, in a namespace, any functions that follow each other without an empty line. Each of them is given the comment.
# usage: awk -f docs/site/header.awk HEADER

# Doxygen takes a formatter in the namespace of fmt for a mistake.
/^template <>$/ {
  held = $0
  next
}
/^struct fmt::formatter/ {
  held = ""
  next
}

{
  if (held != "") print held
  held = ""
  code = $0
  sub(/\/\/.*/, "", code)
  gsub(/"([^"\\]|\\.)*"/, "", code)
  is_comment = $0 ~ /^ *\/\/\/( |$)/
  name = function_name(code)
  if (is_comment) {
    comment = fresh ? comment "\n" $0 : $0
    comment_depth = depth
    fresh = 1
  } else if ($0 !~ /[^ ]/) {
    comment = ""
    fresh = 0
  } else if (fresh) {  # what the comment is about
    if (name != "" || code !~ /^ *(template|requires)/) fresh = 0
    documented = name
  } else if (ended && depth == comment_depth && comment != "") {
    if (name != "" && (name == documented || depth == outside)) {
      print comment
    } else if (code !~ /^ *(template|requires)/) {
      comment = ""
    }
  }
  if (code ~ /^namespace [A-Za-z_:]+ \{/) ++outside
  if (code ~ /^\}/ && depth == outside && outside > 0) --outside
  print
  braces = code
  depth += gsub(/\{/, "", braces)
  braces = code
  depth -= gsub(/\}/, "", braces)
  if (code ~ /[^ ]/ && !is_comment) ended = code ~ /[;}] *$/
}

# The name of the function that a line begins to declare.
function function_name(code,    words) {
  if (code !~ /^ *[A-Za-z\[].*\(/ || code ~ /^ *(struct|class|enum|using|namespace|return|if|for|requires|template|#)/) return ""
  sub(/\(.*/, "", code)
  if (code !~ /[A-Za-z0-9_)=<>+*\/!~&|-]$/) return ""
  sub(/.*[ &*]/, "", code)
  return code
}
