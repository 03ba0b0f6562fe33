#!/bin/sh
# Installs the Debian packages named as arguments, those that are missing; one clear line when it can't.
# Usage: engines/install.sh stockfish gaviotatb
# fairy-stockfish is needed for variants of chess only; atomic needs the Python package pyffish besides.
set -eu
missing=""
for package in "$@"; do
    case "$package" in
        stockfish)
            [ -n "${HORIZON_STOCKFISH:-}" ] && [ -x "$HORIZON_STOCKFISH" ] && continue
            { command -v stockfish || [ -x /usr/games/stockfish ]; } >/dev/null && continue ;;
        fairy-stockfish)
            [ -n "${HORIZON_FAIRY_STOCKFISH:-}" ] && [ -x "$HORIZON_FAIRY_STOCKFISH" ] && continue
            { command -v fairy-stockfish || [ -x /usr/games/fairy-stockfish ]; } >/dev/null && continue ;;
        *)
            dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' && continue ;;
    esac
    missing="$missing $package"
done
[ -z "$missing" ] && exit 0
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
by_hand="install by hand:$missing (Debian: apt-get install$missing; stockfish elsewhere: set HORIZON_STOCKFISH)"
if ! command -v apt-get >/dev/null || { [ -n "$sudo" ] && ! sudo -n true 2>/dev/null; }; then
    echo "horizon: can't install$missing without apt-get and root or sudo; $by_hand" >&2
    exit 2
fi
log=$(mktemp)
if ! { $sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    echo "horizon: apt-get could not install$missing; $by_hand" >&2
    exit 2
fi
rm -f "$log"
