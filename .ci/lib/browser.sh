# shellcheck shell=bash
# The browser for tests and its driver, by the names that distributions and vendors give them. CHROME and CHROMEDRIVER come
# first, for any other place.

# The harness looks for the same names in the same order.
find_browser() {
    local name
    if [ -n "${CHROME:-}" ]; then
        [ -x "$CHROME" ] && echo "$CHROME"
        return
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        type -P $name && return
    done
    for name in "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        /Applications/Chromium.app/Contents/MacOS/Chromium /snap/bin/chromium; do
        if [ -x "$name" ]; then
            echo "$name"
            return
        fi
    done
    return 1
}

find_driver() {
    local name
    if [ -n "${CHROMEDRIVER:-}" ]; then
        [ -x "$CHROMEDRIVER" ] && echo "$CHROMEDRIVER"
        return
    fi
    # Snap names it after its package.
    for name in chromedriver chromium.chromedriver; do
        type -P $name && return
    done
    for name in /usr/lib/chromium/chromedriver /usr/lib/chromium-browser/chromedriver \
        /usr/lib64/chromium-browser/chromedriver /snap/bin/chromium.chromedriver; do
        if [ -x "$name" ]; then
            echo "$name"
            return
        fi
    done
    return 1
}

how_to_get_a_browser() {
    case $(. /etc/os-release 2>/dev/null && echo "${ID:-}") in
    ubuntu) echo "Run: sudo snap install chromium" ;;
    *) install_with "chromium chromium-driver" "chromium chromedriver" chromium "--cask google-chrome chromedriver" ;;
    esac
    echo "Or name another place with CHROME=/path/of/chrome CHROMEDRIVER=/path/of/chromedriver; the two have the same version."
}
