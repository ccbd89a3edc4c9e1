# A page in Markdown as Doxygen takes it: headings get the anchors that they have on GitHub, links become references
# between pages, or to the copies of files that scripts/docs puts beside them, marks of code blocks and comments go.
# usage: awk -f docs/site/page.awk PAGE        with -v list=1: prints the files of the project that the page links to

# "docs/design/tape.md" -> "design_tape": the name of a page among Doxygen's.
function page_id(path) {
  sub(/^docs\//, "", path)
  sub(/(\/index)?\.md$/, "", path)
  sub(/\/README$/, "", path)
  gsub(/[^A-Za-z0-9]+/, "_", path)
  return "page_" tolower(path)
}

# The anchor of a heading, as GitHub makes it.
function slug(title) {
  gsub(/`/, "", title)
  title = tolower(title)
  gsub(/[^a-z0-9 _-]/, "", title)
  gsub(/ /, "-", title)
  return title
}

function directory(path) {
  return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "."
}

# A target relative to a page, from the project's folder.
function resolved(target,    parts, out, count, kept, i) {
  count = split(directory(page) "/" target, parts, "/")
  kept = 0
  for (i = 1; i <= count; ++i) {
    if (parts[i] == "." || parts[i] == "") continue
    if (parts[i] == "..") --kept
    else out[++kept] = parts[i]
  }
  target = out[1]
  for (i = 2; i <= kept; ++i) target = target "/" out[i]
  return target
}

# What a link leads to on the site.
function target_of(target,    anchor, path) {
  if (target ~ /^[a-z]+:/) return target
  anchor = ""
  if (match(target, /#.*/)) {
    anchor = substr(target, RSTART + 1)
    target = substr(target, 1, RSTART - 1)
  }
  path = target == "" ? page : resolved(target)
  if (path == "README.md" && anchor == "") path = "docs/index.md"
  if (path == "examples") path = "docs/examples.md"
  if (path == "benchmarks") path = "benchmarks/README.md"
  linked = path
  if (path ~ /\.md$/ && path != "README.md") {
    if (anchor == "") return path == "docs/index.md" ? "@ref index" : "@ref " page_id(path)
    return "@ref " page_id(path) "_" anchor
  }
  if (path ~ /^include\/xtape\/.*\.hpp$/) return "@ref " substr(path, 9)
  if (path ~ /^include\/xtape\/(callbacks|data|io|layers|losses|metrics|optimizers|plot)$/) return "@ref xtape::" substr(path, 15)
  if (list) print path
  gsub(/\//, "_", path)
  return "files/" path ".html"
}

# Whether a link, the first one to its page, leads down the tree of pages: from an index to the pages of its folder and
# to the indices of the folders below; from the main page also to those outside of docs.
function child(target) {
  if (!nav || target !~ /^@ref page_/ || linked == page || seen[target]++) return 0
  if (directory(linked) == directory(page)) return 1
  if (page != "docs/index.md") return 0
  return linked !~ /^docs\// || linked ~ /^docs\/[a-z_]+\/(index|overview)\.md$/
}

# A line outside of code, its links replaced; what is between backquotes stays.
function with_links(line,    out, text, target, image) {
  out = ""
  while (match(line, /`[^`]*`|!?\[(`[^`]*`|[^]`])*\]\([^) ]*\)/)) {
    out = out substr(line, 1, RSTART - 1)
    text = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    if (text !~ /^`/) {
      match(text, /\]\([^)]*\)$/)
      target = substr(text, RSTART + 2, RLENGTH - 3)
      image = text ~ /^!/
      text = substr(text, 1, RSTART)
      if (image) {
        sub(/.*\//, "", target)
        text = text "(" target ")"
      } else {
        target = target_of(target)
        if (child(target)) {
          gsub(/^\[|\]$|`/, "", text)
          text = "\\subpage " substr(target, 6) " \"" text "\""
        } else {
          text = text "(" target ")"
        }
      }
    }
    out = out text
  }
  return out line
}

FNR == 1 {
  page = FILENAME
  sub(/^.*\/docs\//, "docs/", page)
  sub(/^.*\/benchmarks\//, "benchmarks/", page)
  sub(/^.*\/packaging\//, "packaging/", page)
  if (page ~ /^\//) sub(/.*\//, "", page)
  nav = page ~ /(index|overview)\.md$/
}

/^<!--/ { comment = 1 }
comment {
  if (/-->/) comment = 0
  print_line("")
  next
}
/^ *```/ {
  fence = !fence
  if (fence && /```(sh|cmake|console)/) {
    sub(/```.*/, "```{.unparsed}")
  } else if (fence) {
    sub(/```cpp.*/, "```{.cpp}")
    sub(/```(output|text)?$/, "```{.unparsed}")
  }
  print_line($0)
  next
}
fence { print_line($0); next }
/^#+ / {
  level = index($0, " ") - 1
  title = substr($0, level + 2)
  if (level == 1) {
    id = page_id(page)
  } else {
    id = slug(title)
    id = page_id(page) "_" (used[id]++ ? id "-" used[id] - 1 : id)
  }
  if (page ~ /index\.md$/ && level == 2) {  # not in the tree, where its pages are
    print_line("<h2 id=\"" slug(title) "\">" title "</h2>\n")
    next
  }
  print_line(substr($0, 1, level) " " title " {#" id "}")
  if (level == 1 && page !~ /index\.md$/) print_line("\n[TOC]")
  next
}
{
  line = begun $0
  begun = ""
  if ($0 ~ /[^ ]/ && line ~ /\[[^]`]*$/) {  # a link goes on in the next line
    begun = line " "
    next
  }
  print_line(with_links(line))
}

function print_line(line) {
  if (!list) print line
}
