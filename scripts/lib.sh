# Shared by the scripts of this folder, which source it: strict mode, the project's folder, packages from Debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The OpenMP build of OpenBLAS uses OpenMP's threads; the pthread build has its own, which compete with them.
library_packages=(g++ cmake ninja-build pkg-config libxtensor-dev libxtensor-blas-dev libxsimd-dev libfmt-dev
  libopenblas-openmp-dev libdnnl-dev zlib1g-dev libhdf5-dev libminizip-dev nlohmann-json3-dev libpng-dev
  libprotobuf-dev protobuf-compiler)

say() { printf '\n== %s\n' "$*"; }

die() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 1
}

# missing PACKAGE...: prints the packages that are not installed.
missing() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

apt_get() {
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || return 1
    as_root=(sudo)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$apt_log" 2>&1
}

# install_missing PACKAGE...: installs missing packages from Debian; fails if that is not possible.
install_missing() {
  command -v dpkg-query >/dev/null || die "expected a Debian system; on another one install the equivalents of: $*"
  local packages
  mapfile -t packages < <(missing "$@")
  ((${#packages[@]})) || return 0
  echo "installing: ${packages[*]}"
  mkdir -p build
  local apt_log=build/apt.log
  if [[ ! ${apt_updated:-} ]]; then
    apt_get update || true
    apt_updated=1
  fi
  apt_get install -y --no-install-recommends "${packages[@]}" && return 0
  tail -n 5 "$apt_log" >&2
  echo "could not install: ${packages[*]} (see $apt_log; as root: apt-get install ${packages[*]})" >&2
  return 1
}

# build PRESET [TARGET...] with the configure flags in the array `flags`.
build() {
  local preset=$1 log=build/$1.configure.log
  shift
  mkdir -p build
  if ! cmake --preset "$preset" "${flags[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    die "configuring failed"
  fi
  sed -n '/^-- xtape [0-9]/,/^     oneDNN/p' "$log"
  local targets=("$@")
  cmake --build --preset "$preset" ${targets[@]:+--target "${targets[@]}"}
}
