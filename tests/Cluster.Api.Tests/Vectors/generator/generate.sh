#!/bin/sh
# Fetches Go and Kubernetes' Go packages from Debian trixie into a directory of its own and runs the generator there.
# Nothing is installed and apt's configuration stays as it is. Usage: generate.sh make|verify WORK-DIRECTORY
set -eu
command=$1
work=$(mkdir -p "$2" && cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
data=$(cd "$here/../data" && pwd)

if [ ! -d "$work/root/usr/lib/go-1.24" ]; then
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root" "$work/gopath"
  : > "$work/status"
  # The archive this machine's own apt uses, for another release.
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
  [ -n "$archive" ] || { echo "generate.sh: no Debian archive in apt's sources" >&2; exit 1; }
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" > "$work/sources.list"
  apt="apt-get -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$work/lists
    -o Dir::State::status=$work/status -o Dir::Cache=$work/cache -o APT::Sandbox::User="
  $apt update
  packages=$($apt install --no-install-recommends -y --print-uris golang-k8s-api-dev golang-k8s-apimachinery-dev golang-k8s-client-go-dev golang-go |
    awk -F"'" '/^\x27/ { print $2 }' | sed 's#.*/##; s/_.*//' | grep '^golang' | sort -u)
  (cd "$work/debs" && $apt download $packages)
  for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done
  ln -sfn "$work/root/usr/share/gocode/src" "$work/gopath/src"
fi

export GOROOT="$work/root/usr/lib/go-1.24" GOPATH="$work/gopath" GOCACHE="$work/gocache" GO111MODULE=off GOTOOLCHAIN=local
cd "$here"
"$GOROOT/bin/go" build -o "$work/generator" .
if [ "$command" = verify ]; then
  "$work/generator" verify "$work"
  cp "$work/verified.json" "$data/verified.json"
else
  "$work/generator" make "$data"
fi
